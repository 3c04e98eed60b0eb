import type { Metrics } from '../ops/metrics.ts';
import { notReadyReasons } from '../ops/readiness.ts';
import type { ServiceStatus } from './status.ts';

const walStatuses = ['reserved', 'extended', 'unreserved', 'lost'];

/** Gives the gauges what the status says. What is not known has no value, so that nobody takes it for a zero. */
export function showMetrics({ gauges }: Pick<Metrics, 'gauges'>, status: ServiceStatus): void {
  gauges.ready.set(Number(status.ready));
  for (const reason of notReadyReasons)
    gauges.notReady.set({ reason }, Number(status.reasons.some((one) => one.reason === reason)));
  for (const [server, { error }] of Object.entries(status.servers))
    gauges.serverUp.set({ server }, Number(error === null));
  gauges.waiting.reset();
  for (const name of Object.keys(status.waits)) gauges.waiting.set({ for: name }, 1);

  setOrRemove(gauges.lagBytes, status.lag.bytes);
  setOrRemove(gauges.lagSeconds, status.lag.seconds);
  gauges.documents.reset();
  for (const outcome of ['written', 'superseded', 'refused'] as const)
    gauges.documents.inc({ outcome }, status[outcome]);
  gauges.queueBytes.set(status.queuedBytes);
  gauges.pendingIds.set(status.pendingIds);
  gauges.fanOuts.set(status.fanOuts);
  gauges.batchesInFlight.set(status.batchesInFlight);
  gauges.oldestSeconds.set(status.oldestPendingSeconds);

  for (const gauge of [
    gauges.deadLetters,
    gauges.snapshotRunning,
    gauges.snapshotDone,
    gauges.snapshotExpected,
  ])
    gauge.reset();
  for (const [index, letters] of Object.entries(status.deadLetters))
    gauges.deadLetters.set({ index }, letters);
  for (const [index, { snapshot }] of Object.entries(status.indexes)) {
    gauges.snapshotRunning.set({ index }, Number(snapshot?.state === 'running'));
    if (!snapshot) continue;
    gauges.snapshotDone.set({ index }, snapshot.done);
    gauges.snapshotExpected.set({ index }, snapshot.total);
  }

  const { slot } = status;
  gauges.walStatus.reset();
  if (slot)
    for (const name of walStatuses) gauges.walStatus.set({ status: name }, Number(name === slot.walStatus));
  setOrRemove(gauges.retainedBytes, slot && slot.retainedBytes);
  setOrRemove(gauges.walLimitBytes, slot && (slot.bytesLeft ?? Infinity));
  setOrRemove(gauges.walLimitSeconds, slot && (slot.secondsLeft ?? Infinity));
}

function setOrRemove(gauge: Metrics['gauges']['lagBytes'], value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}
