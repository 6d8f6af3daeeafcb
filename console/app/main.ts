import { render } from 'preact';
import { html } from '../look/html.ts';
import { Frame } from './frame.ts';
import { Locked } from './locked.ts';
import { ModelsPage } from './models-page.ts';
import { followAddress, route } from './route.ts';
import { begin, standing } from './state.ts';

function App() {
  const now = standing.use();
  const at = route.use();
  if (now.kind === 'opening') return html`<${Frame} route=${at} />`;
  if (now.kind === 'locked') return html`<${Locked} why=${now.why} />`;
  return html`<${Frame} route=${at}><${ModelsPage} /></${Frame}>`;
}

const opening = begin();
followAddress();
render(html`<${App} />`, document.querySelector('#app') ?? document.body);
await opening;
