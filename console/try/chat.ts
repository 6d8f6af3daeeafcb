import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { plain } from '../look/words.ts';
import { type Draft, type ModelAddress, send } from './ask.ts';
import type { Model } from './model.ts';
import { chatRequest, type Message } from './request.ts';

type ChatProps = {
  readonly model: Model;
  readonly way: ModelAddress;
  readonly change: (draft: Draft | undefined) => void;
};

const LENGTHS = [64, 256, 1024, 4096] as const;

/** A conversation, whose answers come as they are written. */
export function Chat({ model, way, change }: ChatProps) {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [text, setText] = useState('');
  const [coming, setComing] = useState<string>();
  const [fault, setFault] = useState('');
  const [most, setMost] = useState<number>(LENGTHS[1]);
  const running = useRef<AbortController>(undefined);
  const end = useRef<HTMLDivElement>(null);
  const asked: readonly Message[] = [...messages, { role: 'user', content: text || 'Hello!' }];
  useEffect(
    () => change({ request: chatRequest(model.name, asked, most) }),
    [messages, text, most],
  );
  useEffect(() => end.current?.scrollIntoView?.({ block: 'nearest' }), [messages, coming]);
  useEffect(() => () => running.current?.abort(), []);

  const ask = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === '' || coming !== undefined) return;
    const sent: readonly Message[] = [...messages, { role: 'user', content: text }];
    setMessages(sent);
    setText('');
    setFault('');
    setComing('');
    const { answer, error } = await answered(
      way,
      { request: chatRequest(model.name, sent, most) },
      running,
      setComing,
    );
    setComing(undefined);
    setFault(error);
    if (answer !== '') setMessages([...sent, { role: 'assistant', content: answer }]);
  };
  const sendAtEnter = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void ask(event);
  };
  return html`<form class="stack" onSubmit=${ask}>
    <div class="try-chat" role="log" aria-label="The conversation" tabindex="0">
      ${messages.length === 0 && coming === undefined && html`<p class="soft try-hello">Say something to ${plain(model.name)}; it answers as it thinks of it.</p>`}
      ${messages.map(({ role, content }, at) => html`<${Said} key=${at} role=${role} text=${content} />`)}
      ${coming !== undefined && html`<${Said} role="assistant" text=${coming} isComing />`}
      <div ref=${end}></div>
    </div>
    ${fault !== '' && html`<p class="note bad" role="alert"><bdi>${plain(fault)}</bdi></p>`}
    <textarea rows="2" aria-label="Message" placeholder="Message; Enter sends it" value=${text} onInput=${({ currentTarget }: { currentTarget: HTMLTextAreaElement }) => setText(currentTarget.value)} onKeyDown=${sendAtEnter}></textarea>
    <div class="row">
      ${
        coming === undefined
          ? html`<button class="button main" disabled=${text.trim() === ''}>Send</button>`
          : html`<button type="button" class="button" onClick=${() => running.current?.abort()}>Stop</button>`
      }
      <button type="button" class="button bare" disabled=${messages.length === 0 || coming !== undefined} onClick=${() => {
        setMessages([]);
        setFault('');
      }}>New conversation</button>
      <label class="row small soft push">At most
        <select value=${most} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => setMost(Number(currentTarget.value))}>
          ${LENGTHS.map((each) => html`<option value=${each} selected=${each === most}>${each} tokens</option>`)}
        </select>
      </label>
    </div>
  </form>`;
}

/** Sends a draft and returns the answer as far as it came, also where the stream was stopped or broke. */
async function answered(
  way: ModelAddress,
  draft: Draft,
  running: { current: AbortController | undefined },
  more: (text: string) => void,
): Promise<{ readonly answer: string; readonly error: string }> {
  const stop = new AbortController();
  running.current = stop;
  let soFar = '';
  try {
    const reply = await send(way, draft, {
      signal: stop.signal,
      more: (text) => {
        soFar = text;
        more(text);
      },
    });
    return { answer: reply.error === '' ? reply.text : soFar, error: reply.error };
  } catch (error) {
    return { answer: soFar, error: stop.signal.aborted ? '' : String(error) };
  }
}

function Said({
  role,
  text,
  isComing = false,
}: {
  role: Message['role'];
  text: string;
  isComing?: boolean;
}) {
  return html`<div class="try-said ${role}">
    <span class="spoken">${role === 'user' ? 'You' : 'The model'}:</span>
    <p dir="auto">${plain(text)}${isComing && html`<span class="try-caret" aria-hidden="true"></span>`}</p>
  </div>`;
}
