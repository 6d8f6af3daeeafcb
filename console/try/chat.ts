import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import { plain } from '../look/words.ts';
import { type Draft, type ModelAddress, send } from './ask.ts';
import { addressed, Beside, waysTo } from './beside.ts';
import { messagesAt, type Said, type Turn, withAnswer } from './conversation.ts';
import type { Model } from './model.ts';
import { chatRequest } from './request.ts';

type ChatProps = {
  readonly model: Model;
  readonly way: ModelAddress;
  readonly revisions: readonly string[];
  readonly change: (draft: Draft | undefined) => void;
};

const LENGTHS = [64, 256, 1024, 4096] as const;

/** A conversation, whose answers come as they are written; with one version or with two beside each other, each of which goes on from its own answers. */
export function Chat({ model, way, revisions, change }: ChatProps) {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [text, setText] = useState('');
  const [most, setMost] = useState<number>(LENGTHS[1]);
  const [beside, setBeside] = useState('');
  const [running, setRunning] = useState<AbortController>();
  const stop = useRef<AbortController>(undefined);
  const log = useRef<HTMLDivElement>(null);
  const draftFor = (own: string, question: string): Draft => {
    const messages = [...messagesAt(own, turns), { role: 'user', content: question } as const];
    return { request: chatRequest(model.name, messages, most) };
  };
  useEffect(() => {
    if (!running) change(draftFor(way.own, text || 'Hello!'));
  }, [turns, text, most, running]);
  useEffect(() => log.current?.scrollTo?.({ top: log.current.scrollHeight }), [turns]);
  useEffect(() => () => stop.current?.abort(), []);

  const ask = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === '' || running) return;
    const abort = new AbortController();
    stop.current = abort;
    setRunning(abort);
    setText('');
    const ways = waysTo(way, beside, revisions);
    const empty: Said = { text: '', fault: '', isComing: true };
    setTurns([...turns, { question: text, answers: new Map(ways.map(({ own }) => [own, empty])) }]);
    await Promise.all(
      ways.map((each) =>
        answered(each, addressed(draftFor(each.own, text), each, way), {
          signal: abort.signal,
          show: (said) => setTurns((before) => withAnswer(before, each.own, said)),
        }),
      ),
    );
    setRunning(undefined);
  };
  const sendAtEnter = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void ask(event);
  };
  return html`<form class="stack" onSubmit=${ask}>
    <div class="try-chat" role="log" aria-label="The conversation" tabindex="0" ref=${log}>
      ${turns.length === 0 && html`<p class="soft try-hello">Say something to ${plain(model.name)}; it answers as it thinks of it.</p>`}
      ${turns.map((turn, at) => html`<${Exchange} key=${at} turn=${turn} />`)}
    </div>
    <textarea rows="2" aria-label="Message" placeholder="Message; Enter sends it" value=${text} onInput=${({ currentTarget }: { currentTarget: HTMLTextAreaElement }) => setText(currentTarget.value)} onKeyDown=${sendAtEnter}></textarea>
    <div class="row">
      ${
        running
          ? html`<button type="button" class="button" onClick=${() => running.abort()}>Stop</button>`
          : html`<button class="button main" disabled=${text.trim() === ''}>Send</button>`
      }
      <button type="button" class="button bare" disabled=${turns.length === 0 || running !== undefined} onClick=${() => setTurns([])}>New conversation</button>
      <label class="row small soft push">At most
        <select value=${most} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => setMost(Number(currentTarget.value))}>
          ${LENGTHS.map((each) => html`<option value=${each} selected=${each === most}>${each} tokens</option>`)}
        </select>
      </label>
      <${Beside} way=${way} model=${model} revisions=${revisions} beside=${beside} choose=${setBeside} />
    </div>
  </form>`;
}

/** Sends a draft and shows the answer as far as it came, also where the stream was stopped or broke. */
async function answered(
  way: ModelAddress,
  draft: Draft,
  { signal, show }: { readonly signal: AbortSignal; readonly show: (said: Said) => void },
): Promise<void> {
  let text = '';
  const more = (soFar: string) => {
    text = soFar;
    show({ text, fault: '', isComing: true });
  };
  try {
    const { error, ...reply } = await send(way, draft, { signal, more });
    show({ text: error === '' ? reply.text : text, fault: error, isComing: false });
  } catch (error) {
    show({ text, fault: signal.aborted ? '' : String(error), isComing: false });
  }
}

/** A question with its answers, each under the name of its revision where there are two. */
function Exchange({ turn: { question, answers } }: { turn: Turn }) {
  const isCompared = answers.size > 1;
  return html`
    <div class="try-said user"><span class="spoken">You:</span><p dir="auto">${plain(question)}</p></div>
    <div class=${isCompared ? 'try-answers two' : 'try-answers'}>
      ${[...answers].map(
        ([own, said]) => html`<div class="try-said assistant" key=${own}>
          ${
            isCompared
              ? html`<span class="label"><${Theirs} text=${own.slice(own.lastIndexOf('/') + 1)} /></span>`
              : html`<span class="spoken">The model:</span>`
          }
          ${(said.text !== '' || said.isComing) && html`<p dir="auto">${plain(said.text)}${said.isComing && html`<span class="try-caret" aria-hidden="true"></span>`}</p>`}
          ${said.fault !== '' && html`<p class="note bad" role="alert"><bdi>${plain(said.fault)}</bdi></p>`}
        </div>`,
      )}
    </div>`;
}
