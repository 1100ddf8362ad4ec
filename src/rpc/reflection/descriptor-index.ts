import {
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Answers questions about the definitions in a set of protobuf files. */
export class DescriptorIndex {
  private readonly registry: FileRegistry;
  private readonly filesBySymbol = new Map<string, DescFile>();

  /** @param descriptorSet A serialized google.protobuf.FileDescriptorSet, imports included. */
  constructor(descriptorSet: Uint8Array) {
    this.registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
    for (const file of this.registry.files) this.addFile(file);
  }

  /** The file of this name, such as `kachery_p2p/v1/common.proto`. */
  file(name: string): DescFile | undefined {
    return this.registry.getFile(name);
  }

  /** The file that defines a service, method, message, field, oneof, enum, enum value or extension of this full name. */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.filesBySymbol.get(name);
  }

  /** The file that defines the extension of this number of a message. */
  fileOfExtension(messageName: string, number: number): DescFile | undefined {
    return this.extensionsOf(messageName).find((extension) => extension.number === number)?.file;
  }

  /** Numbers of all extensions of a message; undefined if there is no such message. */
  extensionNumbers(messageName: string): number[] | undefined {
    return this.registry.getMessage(messageName) && this.extensionsOf(messageName).map((extension) => extension.number);
  }

  /** The serialized file and those that it imports, directly or not, except those in `known`, to which they are added. The file itself always comes, first. */
  withImports(file: DescFile, known: Set<string>): Buffer[] {
    const serialized: Buffer[] = [];
    const queue = [file];
    for (const current of queue) {
      if (current !== file && known.has(current.name)) continue;
      known.add(current.name);
      serialized.push(Buffer.from(toBinary(FileDescriptorProtoSchema, current.proto)));
      queue.push(...current.dependencies.filter((imported) => !queue.includes(imported)));
    }
    return serialized;
  }

  private extensionsOf(messageName: string): DescExtension[] {
    return [...this.registry].filter((type): type is DescExtension => type.kind === 'extension' && type.extendee.typeName === messageName);
  }

  private addFile(file: DescFile): void {
    for (const message of file.messages) this.addMessage(file, message);
    for (const enumeration of file.enums) this.addEnum(file, enumeration);
    for (const extension of file.extensions) this.filesBySymbol.set(extension.typeName, file);
    for (const service of file.services) {
      this.filesBySymbol.set(service.typeName, file);
      for (const method of service.methods) this.filesBySymbol.set(`${service.typeName}.${method.name}`, file);
    }
  }

  private addMessage(file: DescFile, message: DescMessage): void {
    this.filesBySymbol.set(message.typeName, file);
    for (const member of message.members) this.filesBySymbol.set(`${message.typeName}.${member.name}`, file);
    for (const field of message.fields) this.filesBySymbol.set(`${message.typeName}.${field.name}`, file);
    for (const nested of message.nestedMessages) this.addMessage(file, nested);
    for (const enumeration of message.nestedEnums) this.addEnum(file, enumeration);
    for (const extension of message.nestedExtensions) this.filesBySymbol.set(extension.typeName, file);
  }

  /** The values of an enum are named in the scope around it, as in C++. */
  private addEnum(file: DescFile, enumeration: DescEnum): void {
    this.filesBySymbol.set(enumeration.typeName, file);
    const scope = enumeration.typeName.slice(0, -enumeration.name.length);
    for (const value of enumeration.values) this.filesBySymbol.set(`${scope}${value.name}`, file);
  }
}
