type Sent = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  body: unknown;
};

/** The page that the server at this URL has for a browser. */
export async function pageAt(url: string): Promise<string> {
  return (await fetch(url, { headers: { accept: 'text/html' } })).text();
}

/** A model server's own page in a browser that reached it at `path`: the address it shows, and the request of its form with or without a file chosen. */
export function browsed(html: string, path: string) {
  const sent: Sent[] = [];
  const send = async (url: string, init: Omit<Sent, 'url'>) => {
    sent.push({ url, ...init });
    return { status: 200, text: async () => 'answered' };
  };
  const texts: Record<string, { textContent: string }> = { url: { textContent: '' } };
  texts['answer'] = { textContent: '' };
  const files: { readonly type: string }[] = [];
  let submit = async (_event: { preventDefault(): void }) => {};
  const form = {
    dataset: { path: /data-path="([^"]+)"/.exec(html)?.[1] },
    elements: {
      body: { value: /<textarea name="body">\n([\s\S]*)<\/textarea>/.exec(html)?.[1] },
      ...(html.includes('type="file"') && { file: { files } }),
    },
    addEventListener: (_name: string, listener: typeof submit) => {
      submit = listener;
    },
  };
  const document = {
    querySelector: () => form,
    getElementById: (id: string) => texts[id],
  };
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
  new Function('document', 'location', 'fetch', script)(document, { pathname: path }, send);
  return {
    shown: () => texts['url']?.textContent,
    answer: () => texts['answer']?.textContent,
    async send(file?: { readonly type: string }): Promise<Sent | undefined> {
      files.splice(0, files.length, ...(file ? [file] : []));
      await submit({ preventDefault() {} });
      return sent.at(-1);
    },
  };
}
