import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Badge, Empty, Theirs, Time } from '../look/parts.ts';
import type { Heard } from './feed.ts';
import { phaseWords, toneOf } from './phase.ts';
import { deploymentAddress, modelAddress } from './route.ts';
import { events } from './state.ts';

const AT_ONCE = 100;

/** Lists the events of all models, newest first. */
export function EventsPage() {
  const known = events.use();
  return html`
    <div class="stack wide">
      <h1>Events</h1>
      ${known.length === 0 ? html`<${Empty} title="Nothing has happened yet"><p>Drop a model on the <a href="#/">first page</a>: each step of it is told here.</p></${Empty}>` : html`<${Timeline} heard=${known} hasModel=${true} />`}
    </div>
  `;
}

export function Timeline({ heard, hasModel }: { heard: readonly Heard[]; hasModel: boolean }) {
  const [shown, show] = useState(AT_ONCE);
  const newest = heard.slice(-shown).toReversed();
  return html`
    <ol class="card timeline">
      ${newest.map(({ cursor, event: { detail } }) => {
        const { state, model, version, time, reason, fix, deploymentId } = detail;
        return html`
          <li key=${cursor}>
            <span class="when soft small"><${Time} atMs=${Date.parse(time)} /></span>
            <span class="state"><a href=${deploymentAddress(deploymentId)}><${Badge} tone=${toneOf(state)}>${phaseWords(state)}</${Badge}></a></span>
            <div class="said">
              ${hasModel ? html`<a href=${modelAddress(model)}><strong><${Theirs} text=${model} /></strong></a>` : ''}${version ? ` v${version}` : ''}
              ${reason && html`<p class="soft pre"><${Theirs} text=${reason} /></p>`}
              ${fix && html`<p class="pre">→ <${Theirs} text=${fix} /></p>`}
            </div>
          </li>
        `;
      })}
    </ol>
    ${heard.length > shown && html`<button class="button" type="button" onClick=${() => show(shown + AT_ONCE)}>Show older ones</button>`}
  `;
}
