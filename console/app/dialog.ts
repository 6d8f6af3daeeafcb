import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { html } from '../look/html.ts';

/** A question over the page; the browser keeps the focus in it, and Escape leaves it. */
export function Dialog({
  title,
  onLeave,
  children,
}: {
  title: string;
  onLeave: () => void;
  children?: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return html`
    <dialog class="dialog" ref=${element} aria-labelledby="dialog-title" onClose=${onLeave} onCancel=${onLeave}>
      <div class="stack">
        <h2 id="dialog-title">${title}</h2>
        ${children}
      </div>
    </dialog>
  `;
}
