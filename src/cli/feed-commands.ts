import { type Command } from 'commander';

import { type FeedAppendFlags } from './commands/feed/append.js';
import { type FeedCatFlags } from './commands/feed/cat.js';
import { type FeedFollowFlags } from './commands/feed/follow.js';
import { type RulesFlags } from './commands/feed/rules.js';
import { type ContextOf } from './command-context.js';
import { type SubfeedFlags } from './subfeed-selection.js';

const feedArgument = ['<feed>', 'id, URI or name of the feed; the URI may name the subfeed'] as const;
const messagesArgument = ['[messages...]', 'JSON values; if left out or -, the lines of standard input'] as const;
const howMessagesAreTold = 'each as JSON on a line or, with --json, as {"position","timestamp","submitter","message"}';
const verifyFlag = ['--verify', 'check every message against the key of the feed, for a daemon that is not trusted'] as const;

/** Adds the commands that work with feeds. */
export function addFeedCommands(program: Command, contextOf: ContextOf): void {
  const feed = program.command('feed').description('Make, write, read and follow feeds: append-only logs of JSON messages.');
  addFeedKeepingCommands(feed, contextOf);
  addWritingCommands(feed, contextOf);
  withSubfeed(feed.command('cat'))
    .summary('Tell the messages of a subfeed.')
    .description(`Tell the messages of a subfeed, ${howMessagesAreTold}.`)
    .argument(...feedArgument)
    .option('--position <position>', 'first message, counted from 0')
    .option('--max <number>', 'the most messages to tell')
    .option(...verifyFlag)
    .action(async (uri: string, flags: FeedCatFlags) => (await import('./commands/feed/cat.js')).feedCatCommand(uri, flags, contextOf(flags)));
  defineFollow(feed.command('follow'), contextOf);
  defineFollow(program.command('print-messages'), contextOf);
  withSubfeed(feed.command('snapshot'))
    .description('Store the messages of subfeeds, of all if none is named, as one JSON file and tell its URI.')
    .argument(...feedArgument)
    .action(async (uri: string, flags: SubfeedFlags) => (await import('./commands/feed/snapshot.js')).feedSnapshotCommand(uri, flags, contextOf(flags)));
}

function addFeedKeepingCommands(feed: Command, contextOf: ContextOf): void {
  feed
    .command('create')
    .description('Make a feed and tell its URI.')
    .argument('[name]', 'its name on this node')
    .action(async (name: string | undefined, flags: object) => (await import('./commands/feed/create.js')).feedCreateCommand(name, contextOf(flags)));
  feed
    .command('ls')
    .description('Tell the feeds of the node or, of one feed, the subfeeds that have messages.')
    .argument('[feed]', 'id, URI or name of a feed')
    .action(async (uri: string | undefined, flags: object) => (await import('./commands/feed/ls.js')).feedLsCommand(uri, contextOf(flags)));
  feed
    .command('info')
    .description('Tell what is known of a feed, and how many subfeeds and messages it has.')
    .argument('<feed>', 'id, URI or name of the feed')
    .action(async (uri: string, flags: object) => (await import('./commands/feed/info.js')).feedInfoCommand(uri, contextOf(flags)));
  feed
    .command('rm')
    .description('Delete feeds for ever, with their private keys and messages.')
    .argument('<feeds...>', 'ids, URIs or names of the feeds')
    .action(async (uris: string[], flags: object) => (await import('./commands/feed/rm.js')).feedRmCommand(uris, contextOf(flags)));
  withSubfeed(feed.command('rules'))
    .description('Tell which nodes may submit messages to a subfeed, or change that.')
    .argument(...feedArgument)
    .option('--grant <node id>', 'let this node submit messages; may be repeated', collect)
    .option('--revoke <node id>', 'let this node submit no more messages; may be repeated', collect)
    .action(async (uri: string, flags: RulesFlags) => (await import('./commands/feed/rules.js')).feedRulesCommand(uri, flags, contextOf(flags)));
}

function addWritingCommands(feed: Command, contextOf: ContextOf): void {
  withSubfeed(feed.command('append'))
    .summary('Append messages to a subfeed and tell how many, from which position on.')
    .description(
      'Append messages to a subfeed and tell how many, from which position on. Lines are appended in batches as they come: at one that is not JSON ' +
        'it ends, says from which line on nothing was appended, and keeps what was appended before. Messages that are arguments are appended all or none.',
    )
    .argument(...feedArgument)
    .argument(...messagesArgument)
    .option('--expect-length <number>', 'append only if the subfeed has this many messages, and nobody else appends meanwhile')
    .action(async (uri: string, messages: string[], flags: FeedAppendFlags) =>
      (await import('./commands/feed/append.js')).feedAppendCommand(uri, messages, flags, contextOf(flags)),
    );
  withSubfeed(feed.command('submit'))
    .summary('Append messages in the name of this node to a feed that may be of another node.')
    .description('Append messages as append does, in the name of this node, to a feed that may be of another node, if its rules allow it.')
    .argument(...feedArgument)
    .argument(...messagesArgument)
    .action(async (uri: string, messages: string[], flags: SubfeedFlags) =>
      (await import('./commands/feed/submit.js')).feedSubmitCommand(uri, messages, flags, contextOf(flags)),
    );
}

function defineFollow(command: Command, contextOf: ContextOf): void {
  withSubfeed(command)
    .summary('Tell the messages of a subfeed and each new one, until interrupted.')
    .description(
      `Tell the messages of a subfeed and each new one, until interrupted, ${howMessagesAreTold}. When the daemon is back within a minute it goes on where it ` +
        'was. In a pipe, --max ends it at once, head only when the next message comes.',
    )
    .argument(...feedArgument)
    .option('--position <position>', 'first message, counted from 0')
    .option('--new', 'only messages to come')
    .option('--max <number>', 'end after so many messages')
    .option(...verifyFlag)
    .action(async (uri: string, flags: FeedFollowFlags) => (await import('./commands/feed/follow.js')).feedFollowCommand(uri, flags, contextOf(flags)));
}

function withSubfeed(command: Command): Command {
  return command
    .option('-s, --subfeed <name>', 'name of the subfeed, or ~ and its hash, if the URI does not name it', collect)
    .option('--subfeed-json <json>', 'the same for a name that is another JSON value than a text', collect);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
