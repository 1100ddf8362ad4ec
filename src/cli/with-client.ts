import { type KacheryClient } from '../client/kachery-client.js';
import { type CommandContext } from './command-context.js';

/** Lets `work` use a client for the mode that the environment asks for, and closes it afterwards. */
export async function withClient<Result>(context: CommandContext, work: (client: KacheryClient) => Promise<Result>): Promise<Result> {
  const { connect } = await import('../client/index.js');
  const client = await connect({ environment: context.environment, signal: context.signal });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
