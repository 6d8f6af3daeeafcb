// At a load of 0.6, one request in ten thousand waits for longer; and the terms of the sum would lose all their digits.
const MOST_TIMES = 10;

/**
 * The share of the requests that wait for `times` times the time of a request at most, where they arrive at random before a server of that load (0 to 0.6) and each takes as long: the exact distribution of M/D/1.
 * https://en.wikipedia.org/wiki/M/D/1_queue (Erlang, 1909)
 */
export function waitingAtMost(load: number, times: number): number {
  if (times > MOST_TIMES) return 1;
  let [sum, factorial] = [0, 1];
  for (let k = 0; k <= Math.floor(times); k += 1) {
    if (k > 0) factorial *= k;
    const each = load * (k - times);
    sum += (each ** k / factorial) * Math.exp(-each);
  }
  return (1 - load) * sum;
}

/** The wait that 95 % of the requests do not exceed, in times of a request. */
export function wait95(load: number): number {
  let [low, high] = [0, MOST_TIMES];
  if (waitingAtMost(load, low) >= 0.95) return 0;
  while (high - low > 1e-4) {
    const middle = (low + high) / 2;
    if (waitingAtMost(load, middle) >= 0.95) high = middle;
    else low = middle;
  }
  return high;
}
