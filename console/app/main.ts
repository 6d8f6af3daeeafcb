import { render } from 'preact';
import { html } from '../look/html.ts';
import type { Api } from './api.ts';
import { DeploymentPage } from './deployment-page.ts';
import { DropTarget } from './drop.ts';
import { EventsPage } from './events-page.ts';
import { Frame } from './frame.ts';
import { Locked } from './locked.ts';
import { ModelPage } from './model-page.ts';
import { ModelsPage } from './models-page.ts';
import { followAddress, type Route, route } from './route.ts';
import { begin, standing } from './state.ts';

function App() {
  const now = standing.use();
  const at = route.use();
  if (now.kind === 'opening') return html`<${Frame} route=${at} />`;
  if (now.kind === 'locked') return html`<${Locked} why=${now.why} />`;
  return html`<${Frame} route=${at}><${Page} api=${now.api} route=${at} /></${Frame}><${DropTarget} api=${now.api} />`;
}

function Page({ api, route }: { api: Api; route: Route }) {
  switch (route.page) {
    case 'deployment':
      return html`<${DeploymentPage} api=${api} id=${route.id} />`;
    case 'model':
      return html`<${ModelPage} key=${route.name} api=${api} name=${route.name} part=${route.part} />`;
    case 'events':
      return html`<${EventsPage} />`;
    default:
      return html`<${ModelsPage} />`;
  }
}

const opening = begin();
followAddress();
render(html`<${App} />`, document.querySelector('#app') ?? document.body);
await opening;
