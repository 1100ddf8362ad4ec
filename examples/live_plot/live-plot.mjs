// Follows a feed of samples and draws the newest of them, in the terminal and, if wanted, as a picture, until Ctrl-C:
//
//   node live-plot.mjs URI [--field NAME] [--points COUNT] [--svg FILE] [--samples COUNT]
//
// A sample is a number, or an object with a number in a field (the first one that has one, unless it is named). The picture is replaced whenever samples have
// come; a browser tab that reloads it shows it live.
// @ts-check

import { renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { parseArgs } from 'node:util';

import { connect, isKacheryError } from 'kachery-p2p';

const {
  positionals: [uri = ''],
  values: options,
} = parseArgs({
  allowPositionals: true,
  options: {
    field: { type: 'string' },
    points: { type: 'string', default: '80' },
    svg: { type: 'string' },
    samples: { type: 'string', default: 'Infinity' },
  },
});
/** @type {number[]} */
const points = [];
let isDrawingPlanned = false;

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
const client = await connect();
try {
  const subfeed = await client.feeds.loadSubfeed(uri);
  const maxPoints = Number(options.points);
  const position = Math.max(0, (await subfeed.getLength()) - maxPoints);
  let left = Number(options.samples);
  for await (const { value } of subfeed.follow({ position, signal: interrupted.signal })) {
    const number = numberIn(value);
    if (number !== undefined) points.push(number);
    if (points.length > maxPoints) points.shift();
    planDrawing();
    left -= 1;
    if (left <= 0) break;
  }
} catch (error) {
  if (!isKacheryError(error, 'cancelled')) throw error;
} finally {
  draw();
  process.stdout.write('\n');
  await client.close();
}

/**
 * What is plotted of a sample.
 * @param {unknown} sample
 * @returns {number | undefined}
 */
function numberIn(sample) {
  if (typeof sample !== 'object' || sample === null) return typeof sample === 'number' ? sample : undefined;
  const value = options.field === undefined ? Object.values(sample).find((each) => typeof each === 'number') : Object(sample)[options.field];
  return typeof value === 'number' ? value : undefined;
}

/** Draws once for all samples that have come together. */
function planDrawing() {
  if (isDrawingPlanned) return;
  isDrawingPlanned = true;
  setImmediate(() => {
    isDrawingPlanned = false;
    draw();
  });
}

function draw() {
  if (points.length === 0) return;
  const lowest = Math.min(...points);
  const range = Math.max(...points) - lowest || 1;
  const heights = points.map((point) => (point - lowest) / range);
  const blocks = heights.map((height) => '▁▂▃▄▅▆▇█'[Math.round(height * 7)]).join('');
  process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${blocks} ${String(points.at(-1))}${process.stdout.isTTY ? '' : '\n'}`);
  if (options.svg === undefined) return;
  writeFileSync(`${options.svg}.new`, picture(heights));
  renameSync(`${options.svg}.new`, options.svg);
}

/**
 * An SVG with a line through the points.
 * @param {number[]} heights From 0 to 1.
 */
function picture(heights) {
  const corners = heights.map((height, index) => `${String(index * 10)},${(100 - height * 100).toFixed(1)}`).join(' ');
  const width = String((heights.length - 1) * 10);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-5 -5 ${String(Number(width) + 10)} 110"><polyline points="${corners}" fill="none" stroke="#0a6" stroke-width="2"/></svg>\n`;
}
