/** Where events go: the fields for programs, the message for people. Fields hold no content, no tokens and no keys. A pino logger is one. */
export interface StructuredLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
