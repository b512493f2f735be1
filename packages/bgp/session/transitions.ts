/**
 * The state machine of RFC 4271 §8.2.2 as a table: state, then event by the RFC's own name, then what is done and which
 * state follows. It is to be read beside the RFC. Events of later standards: SendHoldTimer_Expires (RFC 9687 §3),
 * RouteRefreshMsg and RouteRefreshMsgErr (RFC 2918, 7313).
 *
 * Where it departs from the text (docs/decisions/0029):
 * - A connection that cannot be made leads from Connect to Active, not to Idle: who is in Idle refuses the peer's own
 *   attempts, and two ends that both start would miss each other.
 * - A NOTIFICATION is never answered with one (§6.4), also where §8.2.2 has it among "any other event".
 * - A header that is wrong in Established is told as such (§6.1), not as an error of the state machine.
 */

export const states = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;
export type State = (typeof states)[number];

/** How far a connection has come. */
export const rank = (state: State): number => states.indexOf(state);

/** RFC 4271 §8.1 in its order: a position + 1 is the RFC's number, up to UpdateMsgErr (28); 29 is RFC 9687's. */
export const events = [
  'ManualStart',
  'ManualStop',
  'AutomaticStart',
  'ManualStart_with_PassiveTcpEstablishment',
  'AutomaticStart_with_PassiveTcpEstablishment',
  'AutomaticStart_with_DampPeerOscillations',
  'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment',
  'AutomaticStop',
  'ConnectRetryTimer_Expires',
  'HoldTimer_Expires',
  'KeepaliveTimer_Expires',
  'DelayOpenTimer_Expires',
  'IdleHoldTimer_Expires',
  'TcpConnection_Valid',
  'Tcp_CR_Invalid',
  'Tcp_CR_Acked',
  'TcpConnectionConfirmed',
  'TcpConnectionFails',
  'BGPOpen',
  'BGPOpen_with_DelayOpenTimer_running',
  'BGPHeaderErr',
  'BGPOpenMsgErr',
  'OpenCollisionDump',
  'NotifMsgVerErr',
  'NotifMsg',
  'KeepAliveMsg',
  'UpdateMsg',
  'UpdateMsgErr',
  'SendHoldTimer_Expires',
  'RouteRefreshMsg',
  'RouteRefreshMsgErr',
] as const;
export type EventName = (typeof events)[number];

export type Action =
  | 'connect'
  | 'sendOpen'
  | 'sendKeepalive'
  /** A NOTIFICATION with the event's own error. */
  | 'notify'
  /** The same, where the configuration allows one before an OPEN (SendNOTIFICATIONwithoutOPEN, §8.1.1). */
  | 'notifyWithoutOpen'
  /** A NOTIFICATION with Finite State Machine Error (RFC 6608). */
  | 'notifyStateMachine'
  /** Closes the connection, stops its timers, releases what it held. */
  | 'drop'
  | 'zeroConnectRetryCounter'
  | 'countConnectRetry'
  /** DampPeerOscillations: the next start waits longer. */
  | 'damp'
  | 'startConnectRetryTimer'
  | 'stopConnectRetryTimer'
  | 'startDelayOpenTimer'
  | 'stopDelayOpenTimer'
  /** "A large value", 4 minutes. */
  | 'startLargeHoldTimer'
  | 'startNegotiatedTimers'
  | 'restartHoldTimer'
  | 'deliverUpdate'
  | 'deliverRefresh';

export interface Step {
  readonly do: readonly Action[];
  readonly to: State;
  /** Instead, where the configuration has a delay before OPEN (DelayOpen, §8.1.1). */
  readonly whenOpenIsDelayed?: Step;
}

const step = (to: State, ...actions: Action[]): Step => ({ do: actions, to });

/** An end that counts against the peer. */
const fail = step('Idle', 'drop', 'countConnectRetry', 'damp');
const stop = step('Idle', 'drop', 'zeroConnectRetryCounter');
const notifyAndFail = step('Idle', 'notify', 'drop', 'countConnectRetry', 'damp');
/** Nobody's fault, and so nothing to damp. */
const collision = step('Idle', 'notify', 'drop', 'countConnectRetry');
const stateMachineError = step('Idle', 'notifyStateMachine', 'drop', 'countConnectRetry', 'damp');
const openTooEarly = step('Idle', 'notifyWithoutOpen', 'drop', 'countConnectRetry', 'damp');

type Row = Readonly<Record<EventName, Step>>;

const starts = events.filter((name) => name.includes('Start'));

/** A row in which start events mean nothing (§8.2.2: "ignored in the … state"), and all others what `otherwise` says. */
function row(state: State, otherwise: Step, own: Partial<Record<EventName, Step>>): Row {
  const ignored = starts.map((name) => [name, step(state)] as const);
  return {
    ...(Object.fromEntries(events.map((name) => [name, otherwise])) as Record<EventName, Step>),
    ...Object.fromEntries(ignored),
    ...own,
  };
}

const active = step('Connect', 'zeroConnectRetryCounter', 'startConnectRetryTimer', 'connect');
const passive = step('Active', 'zeroConnectRetryCounter', 'startConnectRetryTimer');
// §8.2.2, Idle: after damping the counter is what says how often it went wrong.
const activeDamped = step('Connect', 'startConnectRetryTimer', 'connect');
const passiveDamped = step('Active', 'startConnectRetryTimer');

/** A connection is there: OPEN at once, or after the delay. */
const connected = (state: 'Connect' | 'Active'): Step => ({
  ...step('OpenSent', 'stopConnectRetryTimer', 'sendOpen', 'startLargeHoldTimer'),
  whenOpenIsDelayed: step(state, 'stopConnectRetryTimer', 'startDelayOpenTimer'),
});

/** What Connect and Active share once a connection is there and our OPEN waits. */
const beforeOpen: Partial<Record<EventName, Step>> = {
  ManualStop: stop,
  DelayOpenTimer_Expires: step(
    'OpenSent',
    'stopConnectRetryTimer',
    'stopDelayOpenTimer',
    'sendOpen',
    'startLargeHoldTimer',
  ),
  BGPOpen_with_DelayOpenTimer_running: step(
    'OpenConfirm',
    'stopConnectRetryTimer',
    'stopDelayOpenTimer',
    'sendOpen',
    'sendKeepalive',
    'startNegotiatedTimers',
  ),
  BGPHeaderErr: openTooEarly,
  BGPOpenMsgErr: openTooEarly,
  OpenCollisionDump: step('Idle', 'drop'),
};

export const transitions: Readonly<Record<State, Row>> = {
  Idle: row('Idle', step('Idle'), {
    ManualStart: active,
    AutomaticStart: active,
    ManualStart_with_PassiveTcpEstablishment: passive,
    AutomaticStart_with_PassiveTcpEstablishment: passive,
    AutomaticStart_with_DampPeerOscillations: activeDamped,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: passiveDamped,
  }),
  Connect: row('Connect', fail, {
    ...beforeOpen,
    ConnectRetryTimer_Expires: step('Connect', 'drop', 'startConnectRetryTimer', 'connect'),
    TcpConnection_Valid: step('Connect'),
    Tcp_CR_Invalid: step('Connect'),
    Tcp_CR_Acked: connected('Connect'),
    TcpConnectionConfirmed: connected('Connect'),
    TcpConnectionFails: step('Active', 'drop', 'startConnectRetryTimer'),
  }),
  Active: row('Active', fail, {
    ...beforeOpen,
    ConnectRetryTimer_Expires: step('Connect', 'startConnectRetryTimer', 'connect'),
    TcpConnection_Valid: step('Active'),
    Tcp_CR_Invalid: step('Active'),
    Tcp_CR_Acked: connected('Active'),
    TcpConnectionConfirmed: connected('Active'),
  }),
  OpenSent: row('OpenSent', stateMachineError, {
    ManualStop: step('Idle', 'notify', 'drop', 'zeroConnectRetryCounter'),
    AutomaticStop: notifyAndFail,
    HoldTimer_Expires: notifyAndFail,
    // A second connection is another machine's until an OPEN comes (§6.8).
    TcpConnection_Valid: step('OpenSent'),
    Tcp_CR_Acked: step('OpenSent'),
    Tcp_CR_Invalid: step('OpenSent'),
    TcpConnectionConfirmed: step('OpenSent'),
    TcpConnectionFails: step('Active', 'drop', 'startConnectRetryTimer'),
    BGPOpen: step('OpenConfirm', 'stopConnectRetryTimer', 'sendKeepalive', 'startNegotiatedTimers'),
    BGPHeaderErr: notifyAndFail,
    BGPOpenMsgErr: notifyAndFail,
    OpenCollisionDump: collision,
    NotifMsgVerErr: step('Idle', 'drop'),
    NotifMsg: fail,
    UpdateMsgErr: stateMachineError,
    SendHoldTimer_Expires: step('OpenSent'),
  }),
  OpenConfirm: row('OpenConfirm', stateMachineError, {
    ManualStop: step('Idle', 'notify', 'drop', 'zeroConnectRetryCounter'),
    AutomaticStop: notifyAndFail,
    HoldTimer_Expires: notifyAndFail,
    KeepaliveTimer_Expires: step('OpenConfirm', 'sendKeepalive'),
    TcpConnection_Valid: step('OpenConfirm'),
    Tcp_CR_Acked: step('OpenConfirm'),
    Tcp_CR_Invalid: step('OpenConfirm'),
    TcpConnectionConfirmed: step('OpenConfirm'),
    TcpConnectionFails: fail,
    BGPHeaderErr: notifyAndFail,
    BGPOpenMsgErr: notifyAndFail,
    OpenCollisionDump: collision,
    NotifMsgVerErr: step('Idle', 'drop'),
    NotifMsg: fail,
    KeepAliveMsg: step('Established', 'restartHoldTimer'),
    SendHoldTimer_Expires: step('OpenConfirm'),
  }),
  Established: row('Established', stateMachineError, {
    ManualStop: step('Idle', 'notify', 'drop', 'zeroConnectRetryCounter'),
    AutomaticStop: notifyAndFail,
    HoldTimer_Expires: notifyAndFail,
    KeepaliveTimer_Expires: step('Established', 'sendKeepalive'),
    TcpConnection_Valid: step('Established'),
    Tcp_CR_Acked: step('Established'),
    Tcp_CR_Invalid: step('Established'),
    TcpConnectionConfirmed: step('Established'),
    TcpConnectionFails: fail,
    BGPHeaderErr: notifyAndFail,
    OpenCollisionDump: collision,
    NotifMsgVerErr: fail,
    NotifMsg: fail,
    KeepAliveMsg: step('Established', 'restartHoldTimer'),
    UpdateMsg: step('Established', 'restartHoldTimer', 'deliverUpdate'),
    UpdateMsgErr: notifyAndFail,
    SendHoldTimer_Expires: notifyAndFail,
    // RFC 2918 does not say so, but it is a sign of life like an UPDATE.
    RouteRefreshMsg: step('Established', 'restartHoldTimer', 'deliverRefresh'),
    RouteRefreshMsgErr: notifyAndFail,
  }),
};
