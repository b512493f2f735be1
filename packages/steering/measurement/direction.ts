/** One direction of a tunnel as it is told to steering. */
export interface DirectionFigures {
  /** Packets sent into it meanwhile: what the loss is a part of. */
  readonly packets: number;
  /** 0…1. */
  readonly loss: number;
  readonly jitterUs: number;
  readonly delayChangeUs: number;
}
