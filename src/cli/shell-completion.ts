import { type Command } from 'commander';

interface CompletableOption {
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly description: string;
}

interface CompletableCommand {
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly CompletableOption[];
  /** The commands of a group, such as those of `feed`; none of a command that does something itself. */
  readonly commands: readonly CompletableCommand[];
}

/** A script that lets bash complete the commands and options of `program`, and paths behind them. */
export function bashCompletion(program: Command): string {
  const commands = commandsOf(program);
  const namesCases = commands
    .filter(isGroup)
    .map(({ names, commands: ofGroup }) => `    ${names.map((name) => `'2 ${name}'`).join('|')}) names='${namesOf(ofGroup)}' ;;`);
  return `# bash completion for ${program.name()}
_kachery_p2p() {
  local current=\${COMP_WORDS[COMP_CWORD]} names='' words=''
  COMPREPLY=()
  case "$COMP_CWORD \${COMP_WORDS[1]}" in
    '1 '*) names='${namesOf(commands)}' ;;
${namesCases.join('\n')}
  esac
  if [ -n "$names" ]; then
    COMPREPLY=( $(compgen -W "$names" -- "$current") )
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]} " in
${commands.flatMap((command) => bashCases(command)).join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=( $(compgen -W "$words" -- "$current") ) ;;
    *) compopt -o default 2>/dev/null ;;
  esac
}
complete -F _kachery_p2p ${program.name()}
`;
}

function bashCases({ names, options, commands }: CompletableCommand): string[] {
  if (commands.length > 0) {
    return commands.flatMap((command) => bashCases({ ...command, names: names.flatMap((name) => command.names.map((word) => `${name} ${word}`)) }));
  }
  return [`    ${names.map((name) => `'${name} '*`).join('|')}) words='${options.flatMap(({ flags }) => flags).join(' ')}' ;;`];
}

/** The same for zsh. */
export function zshCompletion(program: Command): string {
  return `#compdef ${program.name()}
_kachery_p2p() {
  local name
  local -a commands
${zshLevel(commandsOf(program), '  ')}
}
compdef _kachery_p2p ${program.name()}
`;
}

/** Completes the name of one of the commands or, if it stands there, what follows it. */
function zshLevel(commands: readonly CompletableCommand[], indent: string): string {
  const described = commands.flatMap(({ names, description }) => names.map((name) => `  ${zshQuoted(`${name}:${description}`)}`));
  const cases = commands.map((command) => {
    const pattern = `  ${command.names.join('|')})`;
    return isGroup(command) ? `${pattern}\n${zshLevel(command.commands, '    ')}\n    ;;` : `${pattern} ${zshArguments(command)} ;;`;
  });
  const lines = [
    'commands=(',
    ...described,
    ')',
    'if (( CURRENT == 2 )); then',
    '  _describe command commands',
    '  return',
    'fi',
    'name=$words[2]',
    'shift words',
    '(( CURRENT-- ))',
    'case $name in',
    ...cases,
    'esac',
  ];
  return lines.join('\n').replaceAll(/^(?=.)/gm, indent);
}

function zshArguments({ options }: CompletableCommand): string {
  const specifications = options.flatMap(({ flags, takesValue, description }) =>
    flags.map((flag) => zshQuoted(`${flag}[${description.replaceAll(/[[\]:]/g, '\\$&')}]${takesValue ? ':value:_files' : ''}`)),
  );
  return `_arguments ${[...specifications, zshQuoted('*:file:_files')].join(' ')}`;
}

/** The same for fish. */
export function fishCompletion(program: Command): string {
  const name = program.name();
  const commands = commandsOf(program);
  const groups = commands.filter(isGroup);
  const lines = [
    ...commands.flatMap((command) => fishNames(name, command, '__fish_use_subcommand')),
    ...commands.filter((command) => !isGroup(command)).flatMap((command) => fishOptions(name, command, `not ${fishSeen(groups)}`)),
    ...groups.flatMap((group) => [
      ...group.commands.flatMap((command) => fishNames(name, command, `${fishSeen([group])}; and not ${fishSeen(group.commands)}`)),
      ...group.commands.flatMap((command) => fishOptions(name, command, fishSeen([group]))),
    ]),
  ];
  return `# fish completion for ${name}\n${lines.join('\n')}\n`;
}

function fishNames(program: string, { names, description }: CompletableCommand, condition: string): string[] {
  return names.map((word) => `complete -c ${program} -n '${condition}' -f -a ${word} -d ${fishQuoted(description)}`);
}

function fishOptions(program: string, command: CompletableCommand, condition: string): string[] {
  return command.options.map(({ flags, takesValue, description }) => {
    const spellings = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
    return `complete -c ${program} -n '${condition}; and ${fishSeen([command])}' ${spellings}${takesValue ? ' -r' : ''} -d ${fishQuoted(description)}`;
  });
}

function fishSeen(commands: readonly CompletableCommand[]): string {
  return `__fish_seen_subcommand_from ${namesOf(commands)}`;
}

function commandsOf(program: Command): CompletableCommand[] {
  return program.commands.map((command) => ({
    names: [command.name(), ...command.aliases()],
    description: command.summary() || command.description(),
    options: command.options.map(({ short, long, required, optional, description }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      takesValue: required || optional,
      description,
    })),
    commands: commandsOf(command),
  }));
}

function isGroup({ commands }: CompletableCommand): boolean {
  return commands.length > 0;
}

function namesOf(commands: readonly CompletableCommand[]): string {
  return commands.flatMap(({ names }) => names).join(' ');
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
