/** A text as a record keeps it and a person reads it: on one line, without control characters or marks that turn the direction of what follows, and not longer than this. */
export function visibleText(text: string, longest: number): string {
  const visible = text.replaceAll(/\p{C}+/gu, ' ').trim();
  return visible.length > longest ? `${visible.slice(0, longest)}…` : visible;
}
