import { parsed } from '../look/json.ts';
import { fieldsOf, listOf } from './model.ts';

/** The events of a stream of server-sent events: `rest` is the part of the next one that has come. */
export type Events = { readonly data: readonly string[]; readonly rest: string };

/** Takes the whole events out of what has come so far. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventsIn(received: string): Events {
  const parts = received.replace(/\r\n?/g, '\n').split('\n\n');
  const rest = parts.pop() ?? '';
  const data = parts.map((event) =>
    event
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''))
      .join('\n'),
  );
  return { data: data.filter((each) => each !== '' && each !== '[DONE]'), rest };
}

/** Reads one event of a chat or a completion: more text, or an error. */
export function pieceOf(data: string): { readonly text: string; readonly error: string } {
  const { choices, error } = fieldsOf(parsed(data));
  const first = fieldsOf(listOf(choices)[0]);
  const text =
    fieldsOf(first['delta'])['content'] ?? fieldsOf(first['message'])['content'] ?? first['text'];
  return { text: typeof text === 'string' ? text : '', error: errorIn(error) };
}

/** The words of an error in any of the forms that servers of models use; empty where there is none. */
export function errorIn(error: unknown): string {
  if (error === undefined || error === null) return '';
  if (typeof error === 'string') return error;
  const { message } = fieldsOf(error);
  return typeof message === 'string' ? message : JSON.stringify(error);
}
