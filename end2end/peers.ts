// Servers that Millrace works with, each started for a test in a folder of its own and stopped after it.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./hub";

export const TOOLS = process.env.MILLRACE_TOOLS ?? join(homedir(), ".cache/millrace/tools");

/** Ends a server and waits until it has ended. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill(signal);
  await ended;
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await done()) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`${what} did not start`);
}

/** PostgreSQL's newest programs here; undefined where there are none. */
export function postgresPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(a) - Number(b));
  return versions.map((version) => join(root, version, "bin")).filter((bin) => existsSync(join(bin, "initdb"))).pop();
}

export class Postgres {
  private constructor(readonly url: string, private folder: string, private child: ChildProcess) {}

  static async start(bin: string): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), "millrace-postgres-"));
    // It refuses to run as root.
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
    const as = process.getuid?.() === 0 ? { uid: id("-u"), gid: id("-g") } : {};
    if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
    const options = { ...as, cwd: folder, stdio: "ignore" as const };
    const data = join(folder, "data");
    execFileSync(join(bin, "initdb"), ["-D", data, "-U", "millrace", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], options);
    const port = await freePort();
    const child = spawn(join(bin, "postgres"), ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder, "-c", "fsync=off"], options);
    const answers = () => {
      try {
        execFileSync(join(bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
        return true;
      } catch {
        return false;
      }
    };
    await until(answers, "PostgreSQL");
    return new Postgres(`postgres://millrace@127.0.0.1:${port}/postgres`, folder, child);
  }

  async stop(): Promise<void> {
    // "Fast": it does not wait for clients.
    await stop(this.child, "SIGINT");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Redis' program; undefined where there is none. */
export function redisProgram(): string | undefined {
  return [join(TOOLS, "bin", "redis-server"), "/usr/bin/redis-server"].find(existsSync);
}

export class Redis {
  private constructor(readonly url: string, private program: string, private port: number, private child: ChildProcess) {}

  static async start(program: string): Promise<Redis> {
    const port = await freePort();
    const child = Redis.spawned(program, port);
    const listens = () =>
      new Promise<boolean>((done) => {
        const trial = connect(port, "127.0.0.1");
        trial.once("error", () => done(false));
        trial.once("connect", () => {
          trial.destroy();
          done(true);
        });
      });
    await until(listens, "Redis");
    return new Redis(`redis://127.0.0.1:${port}`, program, port, child);
  }

  private static spawned(program: string, port: number): ChildProcess {
    return spawn(program, ["--bind", "127.0.0.1", "--port", String(port), "--save", ""], { stdio: "ignore" });
  }

  /** Kills it, and starts it again after a while. */
  async crash(pause: number): Promise<void> {
    await stop(this.child, "SIGKILL");
    await new Promise((next) => setTimeout(next, pause));
    this.child = Redis.spawned(this.program, this.port);
  }

  stop(): Promise<void> {
    return stop(this.child);
  }
}
