import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import { type Api, ApiError, type Asked, type ModelStatus } from './api.ts';
import { Dialog } from './dialog.ts';
import { isUnderWay } from './phase.ts';
import { deploymentAddress } from './route.ts';
import { models, readSoon } from './state.ts';

/** An action that a person may ask for, with a question that names its effects. */
export type Action = {
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly happens: readonly string[];
  readonly isGrave: boolean;
  readonly method?: 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
};

/** Lists the actions that the model's state allows. */
export function actionsOf({ name, live, versions, newest }: ModelStatus): readonly Action[] {
  const base = `models/${name}`;
  const isMoving = newest !== null && isUnderWay(newest.phase);
  const before = versions.find(
    ({ version, state, damage }) => version !== live?.version && state !== 'Removed' && !damage,
  );
  const actions: Action[] = [];
  if (isMoving && newest) {
    actions.push({
      id: 'abort',
      title: 'Give it up',
      question: `Give up ${newest.version ? `version ${newest.version} of ${name}` : `what is under way of ${name}`}?`,
      happens: [
        live
          ? `Version ${live.version} stays live and answers all requests.`
          : 'No version is live, and none will be.',
        'What was made for it is removed. Its file stays in the bucket.',
      ],
      isGrave: true,
      path: `${base}/abort`,
    });
  }
  if (live && before && !isMoving) {
    actions.push({
      ...rollbackOf(name, { to: before.version, live: live.version }),
      title: `Roll back to v${before.version}`,
    });
  }
  if (live || newest) {
    actions.push({
      id: 'undeploy',
      title: 'Undeploy',
      question: `Undeploy ${name}?`,
      happens: [
        live
          ? `Its endpoint stops answering: whoever calls version ${live.version} gets 404.`
          : 'Nothing of it is live.',
        'All its servers and images are removed. Its files in the bucket and its history stay.',
      ],
      isGrave: true,
      path: `${base}/undeploy`,
    });
  }
  return actions;
}

export function rollbackOf(
  name: string,
  { to, live }: { readonly to: number; readonly live: number },
): Action {
  return {
    id: 'rollback',
    title: `Make v${to} live`,
    question: `Make version ${to} of ${name} live again?`,
    happens: [
      `Version ${to} is started, proven by a request, and takes the traffic.`,
      `Version ${live} stops answering; it is kept, and can be made live again.`,
    ],
    isGrave: false,
    path: `models/${name}/rollback`,
    query: { to },
  };
}

/** Buttons for the actions that the model's state allows. */
export function Actions({ api, name, only }: { api: Api; name: string; only?: string }) {
  const model = models.use()?.find((each) => each.name === name);
  const [asking, ask] = useState<Action | null>(null);
  const [answer, setAnswer] = useState<Asked | ApiError | null>(null);
  if (!model) return null;
  const actions = actionsOf(model).filter(({ id }) => only === undefined || id === only);
  return html`
    <div class="stack">
      <div class="row">${actions.map((action) => html`<button key=${action.id} class="button" type="button" onClick=${() => ask(action)}>${action.title}</button>`)}</div>
      ${
        answer &&
        html`<p class="note ${answer instanceof ApiError ? 'bad' : 'busy'}" role="status"><${Theirs} text=${answer instanceof ApiError ? `${answer.message}${answer.fix && ` → ${answer.fix}`}` : answer.says} />
        ${!(answer instanceof ApiError) && answer.deploymentId && html` <a href=${deploymentAddress(answer.deploymentId)}>See how it goes</a>`}</p>`
      }
      ${
        asking &&
        html`<${Question} api=${api} action=${asking} onDone=${(said: Asked | ApiError | null) => {
          ask(null);
          if (said) setAnswer(said);
        }} />`
      }
    </div>
  `;
}

/** Asks once more, with what will happen, carries it out, and reads the models again. */
export function Question({
  api,
  action,
  onDone,
}: {
  api: Api;
  action: Action;
  onDone: (said: Asked | ApiError | null) => void;
}) {
  const [isBusy, setBusy] = useState(false);
  const carryOut = async () => {
    setBusy(true);
    const { method = 'POST', path, query = {} } = action;
    const said = await api
      .json<Asked>(path, { method, query })
      .catch((error: unknown) =>
        error instanceof ApiError ? error : new ApiError(String(error), { status: 0, fix: '' }),
      );
    onDone(said);
    readSoon(api);
  };
  return html`
    <${Dialog} title=${action.question} onLeave=${() => onDone(null)}>
      <ul class="happens">${action.happens.map((line) => html`<li>${line}</li>`)}</ul>
      <div class="row">
        <button class="button ${action.isGrave ? 'grave' : 'main'}" type="button" disabled=${isBusy} onClick=${carryOut}>${action.title}</button>
        <button class="button bare" type="button" autofocus onClick=${() => onDone(null)}>Leave it</button>
      </div>
    </${Dialog}>
  `;
}
