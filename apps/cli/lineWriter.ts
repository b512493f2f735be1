/** Many lines to the standard output: written in large pieces, no faster than they are taken. */

const PIECE = 65_536;

export class LineWriter {
  #waiting = '';
  #isGone = false;

  constructor() {
    // `| head` has seen enough: that is no error of ours.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.#isGone = true;
    });
  }

  /** Nobody reads any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  async line(text: string): Promise<void> {
    this.#waiting += `${text}\n`;
    if (this.#waiting.length >= PIECE) await this.end();
  }

  async end(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '' || this.#isGone || process.stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        process.stdout.off('drain', done).off('close', done);
        resolve();
      };
      process.stdout.on('drain', done).on('close', done);
    });
  }
}
