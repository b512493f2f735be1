/**
 * The real machine: Linux 5.10 or newer on x86-64 and arm64, through koffi (FFI) and Node's own modules.
 * A system call that fails throws a LinuxError that says what was tried and what to do; what a network may do at any
 * time (no route, full queue, other end gone) is an ordinary outcome.
 */

export * from './clock.ts';
export * from './compiling.ts';
export * from './crypto.ts';
export * from './descriptors.ts';
export * from './echoSocket.ts';
export * from './fdPassing.ts';
export * from './ffi.ts';
export * from './frameChannel.ts';
export * from './frames.ts';
export * from './interfaceName.ts';
export * from './linuxError.ts';
export * from './memory.ts';
export * from './messageHeader.ts';
export * from './netlink/addresses.ts';
export * from './netlink/links.ts';
export * from './netlink/monitor.ts';
export * from './netlink/neighbours.ts';
export * from './netlink/netfilterLog.ts';
export * from './netlink/netfilterMonitor.ts';
export * from './netlink/routes.ts';
export * from './netlink/rules.ts';
export * from './netlink/socket.ts';
export * from './poll.ts';
export * from './process.ts';
export * from './quicCrypto.ts';
export * from './random.ts';
export * from './socketAddress.ts';
export * from './sysctl.ts';
export * from './tcpSocket.ts';
export * from './thrift.ts';
export * from './toldDatagrams.ts';
export * from './tun.ts';
export * from './udp.ts';
export * from './udpSocket.ts';
