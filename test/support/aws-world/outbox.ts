/** Runs the work as a stream's batches come: one after the other, and again when more came meanwhile. */
export function oneAtATime(work: () => Promise<unknown>) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const poke = () => {
    if (waiting > 0) return;
    waiting += 1;
    last = last.then(async () => {
      waiting -= 1;
      await work();
    });
  };
  return {
    poke,
    async done() {
      await last;
    },
  };
}
