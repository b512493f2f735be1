// Stand-in until the real one lands.
export const Gso = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;
export class OffloadHeader {
  flags = 0;
  gsoType = 0;
  read(view: DataView, offset: number): void {
    this.flags = view.getUint8(offset);
    this.gsoType = view.getUint8(offset + 1);
  }
}
