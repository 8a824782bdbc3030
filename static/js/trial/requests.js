// Requests that come to an end: what is not answered in time counts as lost, like what finds no connection.

const RETRY_MS = [1000, 2000, 4000, 8000];
export const PATIENCE_MS = 30_000;

// What `work(signal)` gives. It rejects where the time is over, or where somebody else ends `controller` before.
export async function inTime(work, patience = PATIENCE_MS, controller = new AbortController()) {
  const timer = setTimeout(() => controller.abort(), patience);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

// What the server asks for in seconds; a date is left aside, and so is more than a minute.
function askedToWaitMs(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : 0;
}

export function waitMs(failures, askedMs) {
  return Math.max(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], askedMs);
}

// The status, 0 where nothing came; what came as JSON, and null where it is not our server's: a network that asks
// for a password, say, answers everything with a page of its own.
export async function request(address, options, controller) {
  try {
    return await inTime(async (signal) => {
      const response = await fetch(address, { credentials: "same-origin", ...options, signal });
      const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
      const content = isJson ? await response.json() : null;
      return { status: response.status, content, askedMs: askedToWaitMs(response) };
    }, PATIENCE_MS, controller);
  } catch {
    return { status: 0, content: null, askedMs: 0 };
  }
}
