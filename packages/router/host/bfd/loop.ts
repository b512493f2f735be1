/**
 * The thread that BFD runs in: it blocks in ppoll and does nothing else, so that a table that is loaded, or a long answer
 * to an operator, makes no packet late.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { POLLIN, PollSet, scheduleFirst, sharpenTimers, systemClock, systemRandom } from '@patronus/system/linux';
import type { BfdOrder } from './peer.ts';
import { BfdPeers } from './peers.ts';

/** Orders are looked for this often, ms. */
const ORDERS_MS = 100;
const MOST_LISTENERS = 4;
const PRIORITY = 10;

const orders = parentPort!;
const now = systemClock.monotonicMs;
const random32 = () => new DataView(systemRandom.bytes(4).slice().buffer).getUint32(0);
const peers = new BfdPeers(random32, (news) => orders.postMessage(news));
const poll = new PollSet(MOST_LISTENERS);

sharpenTimers();
// Where it is not allowed, the thread is as prompt as the machine is idle.
scheduleFirst(PRIORITY);
for (let isRunning = true; isRunning; ) {
  for (let told = receiveMessageOnPort(orders); told !== undefined; told = receiveMessageOnPort(orders)) {
    const order = told.message as BfdOrder;
    isRunning = order !== 'end';
    peers.follow(order === 'end' ? [] : order.peers, now());
  }
  const listeners = [...peers.listeners.values()];
  for (let at = 0; at < MOST_LISTENERS; at++) poll.set(at, listeners[at]?.fd ?? -1, POLLIN);
  if (isRunning) poll.wait(1e6 * Math.min(ORDERS_MS, peers.deadline - now()));
  // What has arrived is taken in before silence is judged.
  for (const listener of listeners) peers.receive(listener, now());
  peers.tick(now());
}
