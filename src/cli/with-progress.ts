import { type CommandContext } from './command-context.js';
import { ProgressBar } from './progress-bar.js';

/** Lets `work` show how far it is, and removes the bar from the terminal afterwards. */
export async function withProgress<Result>(context: CommandContext, work: (bar: ProgressBar) => Promise<Result>): Promise<Result> {
  const bar = await ProgressBar.open(context);
  try {
    return await work(bar);
  } finally {
    bar.close();
  }
}
