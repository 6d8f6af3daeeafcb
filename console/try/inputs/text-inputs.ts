import { useEffect, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import { parsed } from '../../look/json.ts';
import type { Form } from '../form.ts';
import {
  completionRequest,
  embeddingRequest,
  invocation,
  rankingRequest,
  rawInvocation,
} from '../request.ts';
import { Lines } from './fields.ts';
import type { InputProps } from './input.ts';

type Of<Kind extends Form['kind']> = Extract<Form, { readonly kind: Kind }>;

/** The parts of a text between separators, without white space around them and without empty ones. */
function partsOf(text: string, separator: string): readonly string[] {
  return text
    .split(separator)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

export function TextInput({ form, change }: InputProps<Of<'text'>>) {
  const [text, setText] = useState(form.text);
  useEffect(
    () => change(text === '' ? undefined : { request: invocation({ inputs: text }) }, { text }),
    [text],
  );
  return html`<${Lines} label="Text" rows=${4} value=${text} change=${setText} />`;
}

export function LabelsInput({ form, change }: InputProps<Of<'labels'>>) {
  const [text, setText] = useState(form.text);
  const [labels, setLabels] = useState('science, travel, sport');
  useEffect(() => {
    const candidates = partsOf(labels, ',');
    const value = { inputs: text, parameters: { candidate_labels: candidates } };
    change(text === '' || candidates.length === 0 ? undefined : { request: invocation(value) });
  }, [text, labels]);
  return html`
    <${Lines} label="Text" rows=${4} value=${text} change=${setText} />
    <${Lines} label="Labels, separated by commas" rows=${1} value=${labels} change=${setLabels} />`;
}

export function QuestionInput({ form, change }: InputProps<Of<'question'>>) {
  const [question, setQuestion] = useState(form.question);
  const [context, setContext] = useState(form.context);
  useEffect(() => {
    const isWhole = question !== '' && context !== '';
    const request = invocation({ inputs: { question, context } });
    change(isWhole ? { request } : undefined, { text: context });
  }, [question, context]);
  return html`
    <${Lines} label="Question" rows=${1} value=${question} change=${setQuestion} />
    <${Lines} label="Text with the answer" rows=${4} value=${context} change=${setContext} />`;
}

const MOST_TOKENS = 256;

export function CompletionInput({ form, model, change }: InputProps<Of<'completion'>>) {
  const [prompt, setPrompt] = useState(form.prompt || 'Once upon a time');
  useEffect(() => {
    const request = completionRequest(model.name, prompt, MOST_TOKENS);
    change(prompt === '' ? undefined : { request });
  }, [prompt]);
  return html`<${Lines} label="Prompt" rows=${4} value=${prompt} change=${setPrompt} />`;
}

export function SimilarityInput({ model, change }: InputProps<Of<'similarity'>>) {
  const [first, setFirst] = useState('A dog runs through the park.');
  const [second, setSecond] = useState('A puppy is playing outside.');
  useEffect(() => {
    const isWhole = first !== '' && second !== '';
    change(isWhole ? { request: embeddingRequest(model.name, [first, second]) } : undefined);
  }, [first, second]);
  return html`<div class="try-pair">
    <${Lines} label="One text" rows=${3} value=${first} change=${setFirst} />
    <${Lines} label="Another text" rows=${3} value=${second} change=${setSecond} />
  </div>`;
}

export function RankingInput({ model, change }: InputProps<Of<'ranking'>>) {
  const [query, setQuery] = useState('Who wrote the first program?');
  const [texts, setTexts] = useState(
    'It rains in Paris.\nAda Lovelace wrote the first program in London.\nThe museum opens at nine.',
  );
  useEffect(() => {
    const documents = partsOf(texts, '\n');
    const isWhole = query !== '' && documents.length > 0;
    change(isWhole ? { request: rankingRequest(model.name, query, documents) } : undefined, {
      documents,
    });
  }, [query, texts]);
  return html`
    <${Lines} label="Question" rows=${1} value=${query} change=${setQuery} />
    <${Lines} label="Texts to rank, one in each line" rows=${4} value=${texts} change=${setTexts} />`;
}

export function JsonInput({ form, change }: InputProps<Of<'json'>>) {
  const [text, setText] = useState(form.body);
  const value = parsed(text);
  const isJson = value !== undefined;
  useEffect(() => change(isJson ? { request: rawInvocation(text) } : undefined), [text]);
  const tidy = () => setText(JSON.stringify(value, null, 2));
  return html`
    <${Lines} label="Body of the request" rows=${10} isCode value=${text} change=${setText} />
    <div class="row small">
      ${isJson ? html`<span class="soft">JSON, sent as it stands here</span>` : html`<span class="try-fault">This is not JSON yet.</span>`}
      <button type="button" class="button tight push" disabled=${!isJson || text.length > 50_000} onClick=${tidy}>Format</button>
    </div>`;
}
