const nameOf = (own: string) => `slipway key of ${new URL(own).origin}`;

/** The key that was entered in this tab for this address; it ends with the tab. */
export function storedKey(own: string): string {
  try {
    return sessionStorage.getItem(nameOf(own)) ?? '';
  } catch {
    return '';
  }
}

/** Keeps a key for this tab alone; where the browser keeps nothing, the page has it until it is left. */
export function storeKey(own: string, key: string): void {
  try {
    sessionStorage.setItem(nameOf(own), key);
  } catch {}
}
