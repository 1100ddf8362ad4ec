import { type Command } from 'commander';

import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../shell-completion.js';

const scripts = new Map([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
]);

/** Tells the completion script of a shell. */
export async function completionCommand(shell: string, program: Command, { output }: CommandContext): Promise<void> {
  const script = scripts.get(shell)?.(program);
  if (script === undefined) {
    throw new KacheryError('invalid-argument', `There is no completion for ${quoted(shell)}: one of ${[...scripts.keys()].join(', ')} is needed.`, {
      field: 'shell',
    });
  }
  await output.result({ shell, script }, script.trimEnd());
}
