/** The least whole number from `from` to `to` for which `isSo`, where it is so for all above; `to` where it is so for none below. */
export function leastWhere(from: number, to: number, isSo: (value: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
