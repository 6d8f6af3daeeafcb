import { render } from 'preact';
import { html } from '../look/html.ts';
import { plain } from '../look/words.ts';
import { ownAddress } from './address.ts';
import { TryAt } from './try-model.ts';

/** The page that a browser gets at a model's own address. Its element says which revisions share the traffic, where the server knows. */
const root = document.getElementById('try');
if (root) {
  const own = ownAddress(location.href);
  const name = root.dataset['name'] || own.slice(own.lastIndexOf('/') + 1);
  const revisions = (root.dataset['revisions'] ?? '').split(' ').filter((each) => each !== '');
  document.title = plain(name);
  render(
    html`<main class="try-page stack wide">
      <header class="stack">
        <h1><bdi>${plain(name)}</bdi></h1>
        <p class="soft small try-own"><bdi>${own}</bdi></p>
      </header>
      <${TryAt} own=${own} name=${name} revisions=${revisions} />
      <footer class="small soft row">
        <a href=${`${own}/openapi.json`}>OpenAPI</a>
        <span>the same for programs: every path of this model with its types</span>
      </footer>
    </main>`,
    root,
  );
}
