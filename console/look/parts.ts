import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html } from './html.ts';
import { exact, plain, relative } from './words.ts';

/** The colour of a state; the word beside it says the same. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

export function Badge({ tone, children }: { tone: Tone; children?: ComponentChildren }) {
  return html`<span class="badge ${tone}">${children}</span>`;
}

/** A text of somebody else, apart from the text around it. */
export function Theirs({ text }: { text: string }) {
  return html`<bdi>${plain(text)}</bdi>`;
}

/** A time as a person says it, which goes on by itself; the exact one is shown on hover. */
export function Time({ atMs }: { atMs: number }) {
  const nowMs = useNow(10_000);
  return html`<time datetime=${new Date(atMs).toISOString()} title=${exact(atMs)}>${relative(atMs, Math.max(nowMs, atMs))}</time>`;
}

/** The time, read again every `everyMs` milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

type EmptyProps = {
  readonly title: string;
  /** The heading of a whole page is an `h1`. */
  readonly heading?: 'h1' | 'h2';
  readonly children?: ComponentChildren;
};

/** Says what is not there, and what to do next. */
export function Empty({ title, heading = 'h2', children }: EmptyProps) {
  return html`<div class="empty"><${heading}>${title}</${heading}>${children}</div>`;
}

/** A part of a whole, from 0 to 1, with its words for who listens. */
export function Bar({ share, label }: { share: number; label: string }) {
  const width = `${Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10}%`;
  return html`<div class="bar" role="img" aria-label=${label}><span style=${{ width }}></span></div>`;
}
