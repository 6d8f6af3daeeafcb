/** One file of a drop; `path` is its path in the folder, or its name. */
export type Part = { readonly path: string; readonly file: File | null };

/** A file or a folder that somebody dropped, before it is sent. */
export type Dropped = {
  readonly id: number;
  readonly title: string;
  readonly isFolder: boolean;
  readonly parts: readonly Part[];
  readonly sizeBytes: number;
};

let lastId = 0;
const nextId = (): number => {
  lastId += 1;
  return lastId;
};

/** Reads the files of a drop; each file or folder at its top is a drop by itself. */
export async function droppedOf(transfer: DataTransfer): Promise<readonly Dropped[]> {
  // They are gone once anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map(droppedEntry))).filter(({ parts }) => parts.length > 0);
}

async function droppedEntry(entry: FileSystemEntry): Promise<Dropped> {
  const isFolder = entry.isDirectory;
  const files = await filesOf(entry);
  const parts = files.map(({ path, file }) => ({
    path: isFolder ? path.slice(entry.name.length + 1) : path,
    file,
  }));
  return dropOf(entry.name, isFolder, parts);
}

/** Reads the files that somebody chose by a button: single files, or all files of one folder. */
export function chosenOf(files: readonly File[]): readonly Dropped[] {
  const [first] = files;
  const folder = first?.webkitRelativePath.split('/')[0];
  if (folder) {
    const parts = files
      .map((file) => ({ path: file.webkitRelativePath.slice(folder.length + 1), file }))
      .filter(({ path }) => !isHidden(path));
    return parts.length > 0 ? [dropOf(folder, true, parts)] : [];
  }
  return files.map((file) => dropOf(file.name, false, [{ path: file.name, file }]));
}

function dropOf(title: string, isFolder: boolean, parts: readonly Part[]): Dropped {
  const sizeBytes = parts.reduce((sum, { file }) => sum + (file?.size ?? 0), 0);
  return { id: nextId(), title, isFolder, parts, sizeBytes };
}

/** As the bucket folder does, hidden files are left out. */
const isHidden = (path: string) => path.split('/').some((part) => part.startsWith('.'));

async function filesOf(entry: FileSystemEntry, prefix = ''): Promise<readonly Part[]> {
  const path = prefix + entry.name;
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Part[] = [];
  for (;;) {
    // A browser answers a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await filesOf(each, `${path}/`)));
  }
}
