const HUB =
  /^(?:https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)|hf:\/)\/([\w.-]+(?:\/[\w.-]+)?)\/?$/i;

/** The command that downloads a model from an address of each kind. */
const DOWNLOADS: readonly (readonly [RegExp, (address: string) => string])[] = [
  [
    HUB,
    (address) => {
      const [, name = ''] = HUB.exec(address) ?? [];
      return `hf download ${name} --local-dir ${name.split('/').at(-1)}`;
    },
  ],
  [/^https?:\/\//i, (address) => `curl -LO '${address}'`],
  [/^s3:\/\//i, (address) => `aws s3 cp '${address}' . ${recursive(address)}`.trim()],
  [/^gs:\/\//i, (address) => `gcloud storage cp '${address}' . ${recursive(address)}`.trim()],
];

/** The fix for a missing path, with the path that was probably meant. */
export function fixOfMissing(typed: string): string {
  const [, download] = DOWNLOADS.find(([address]) => address.test(typed)) ?? [];
  if (download) {
    return `Download it first (\`${download(typed)}\`), and name the file or folder that this writes.`;
  }
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(typed)) {
    return 'Download what is at that address first, and name the file or folder that this writes.';
  }
  if (typed.startsWith('~')) {
    return `Leave out the quotes, so that the shell reads ~ as your home folder, or write it out: ${home(typed)}.`;
  }
  return `Name a file or folder that is there, seen from ${process.cwd()}.`;
}

function recursive(address: string): string {
  return address.endsWith('/') ? '--recursive' : '';
}

function home(typed: string): string {
  return typed.replace(/^~(?=\/|$)/, '"$HOME"');
}
