import { type Command } from 'commander';

/** A command that does something, and the words that call it, such as `feed append`. */
export interface LeafCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** The commands of `program` that are no groups of others, in the order of their definition. */
export function leafCommands(program: Command, words: readonly string[] = []): LeafCommand[] {
  return program.commands.flatMap((command) => {
    const path = [...words, command.name()];
    return command.commands.length > 0 ? leafCommands(command, path) : [{ words: path, command }];
  });
}
