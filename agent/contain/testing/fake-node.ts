import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const POD_UID = '6f1d3f6e-9a51-4a53-8b0e-0f3f4a9d2c11';
export const OTHER_UID = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
export const ID_A = 'a1'.repeat(32);
export const ID_B = 'b2'.repeat(32);
export const PAUSE_ID = 'f0'.repeat(32);
export const OWN_PID = 4_000;

export type FakeProcess = {
  readonly comm?: string | Buffer;
  readonly state?: string;
  readonly ppid?: number;
  readonly flags?: number;
  readonly startTicks?: number;
  readonly cgroup?: string;
  readonly tgid?: number;
  readonly exe?: string;
};

/** The files of a node that the room reads, as ordinary files: for shapes and refusals. */
export class FakeNode {
  readonly root = mkdtempSync(join(tmpdir(), 'lanner-contain-'));
  readonly cgroupRoot = join(this.root, 'cgroup');
  readonly procRoot = join(this.root, 'proc');

  constructor() {
    mkdirSync(this.cgroupRoot);
    mkdirSync(this.procRoot);
    writeFileSync(join(this.procRoot, 'uptime'), '1000.00 2000.00\n');
    this.process(1, { comm: 'init', ppid: 0, startTicks: 1 });
    this.process(OWN_PID, { comm: 'node', ppid: 1 });
    symlinkSync(String(OWN_PID), join(this.procRoot, 'self'));
  }

  /** Says that the tree is version 2's. */
  version2(): this {
    this.file('cgroup.controllers', 'pids\n');
    this.file('cgroup.procs', '');
    return this;
  }

  version1(): this {
    this.file('freezer/cgroup.procs', '');
    return this;
  }

  cgroup(path: string, pids: readonly number[] = []): void {
    const isVersion1 = path.startsWith('freezer/');
    this.file(`${path}/cgroup.procs`, pids.map((pid) => `${pid}\n`).join(''));
    if (isVersion1) this.file(`${path}/freezer.state`, 'THAWED\n');
    else {
      this.file(`${path}/cgroup.freeze`, '0\n');
      this.file(`${path}/cgroup.events`, 'populated 1\nfrozen 0\n');
    }
  }

  file(path: string, text: string): void {
    const full = join(this.cgroupRoot, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  read(path: string): string {
    return readFileSync(join(this.cgroupRoot, path), 'utf8');
  }

  process(pid: number, told: FakeProcess = {}): void {
    const { comm = 'sleep', state = 'S', ppid = 1, flags = 0, startTicks = 5_000 } = told;
    const fields = [state, ppid, pid, pid, 0, -1, flags, ...Array(12).fill(0), startTicks, 0, 0];
    const at = join(this.procRoot, String(pid));
    mkdirSync(at, { recursive: true });
    const name = Buffer.isBuffer(comm) ? comm : Buffer.from(comm);
    writeFileSync(
      join(at, 'stat'),
      Buffer.concat([Buffer.from(`${pid} (`), name, Buffer.from(`) ${fields.join(' ')}\n`)]),
    );
    const tgid = told.tgid ?? pid;
    writeFileSync(
      join(at, 'status'),
      `Name:\tsleep\nTgid:\t${tgid}\nPid:\t${pid}\nNSpid:\t${pid}\nUid:\t0\t0\t0\t0\n` +
        'Gid:\t0\t0\t0\t0\nThreads:\t1\nCapEff:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n',
    );
    writeFileSync(join(at, 'cgroup'), told.cgroup ?? '0::/system.slice/x.service\n');
    if (told.exe !== undefined) {
      rmSync(join(at, 'exe'), { force: true });
      symlinkSync(told.exe, join(at, 'exe'));
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
