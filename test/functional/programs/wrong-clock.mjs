/** Imported before a program: its clock is wrong by `WRONG_CLOCK_S` seconds, whatever it asks. */
const wrongMs = Number(process.env.WRONG_CLOCK_S) * 1000;
const Right = Date;

globalThis.Date = class extends Right {
  constructor(...given) {
    if (given.length === 0) super(Right.now() + wrongMs);
    else super(...given);
  }

  static now() {
    return Right.now() + wrongMs;
  }
};
