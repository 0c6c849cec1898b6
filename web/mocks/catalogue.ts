/**
 * A dozen real instance types of us-east-1: vCPU, memory and on-demand price of 2026-07-20, mean Spot saving of
 * 2025-06-28. From AWS's public figures as collected by moto, karpenter-provider-aws and spotinfo (Apache-2.0).
 */
const TYPES: Record<string, [vcpu: number, memoryMib: number, onDemandUsd: number, spotSavingPercent: number]> = {
  "m5.xlarge": [4, 16384, 0.192, 66],
  "m5.2xlarge": [8, 32768, 0.384, 54],
  "c5.2xlarge": [8, 16384, 0.34, 56],
  "r5.xlarge": [4, 32768, 0.252, 69],
  "m6i.2xlarge": [8, 32768, 0.384, 58],
  "r6i.2xlarge": [8, 65536, 0.504, 55],
  "c6a.4xlarge": [16, 32768, 0.612, 56],
  "m7g.2xlarge": [8, 32768, 0.3264, 64],
  "c7g.2xlarge": [8, 16384, 0.29, 69],
  "r7g.xlarge": [4, 32768, 0.2142, 71],
};

/** Pods a node of any of these types may have, by its addresses. */
const MAX_PODS = 58;

export type Capacity = "spot" | "on-demand";

/** Price of an hour in integer nano-dollars. */
export function priceNanos(type: string, capacity: Capacity): bigint {
  const [, , usd, saving] = lookUp(type);
  const onDemand = BigInt(Math.round(usd * 1e9));
  return capacity === "spot" ? (onDemand * BigInt(100 - saving)) / 100n : onDemand;
}

export function allocatable(type: string) {
  const [vcpu, memory] = lookUp(type);
  return { cpu_milli: vcpu * 1000 - 90, memory_mib: Math.floor(memory * 0.925) - 255 - 11 * MAX_PODS - 100, ephemeral_mib: 17408, pods: MAX_PODS };
}

function lookUp(type: string) {
  const entry = TYPES[type];
  if (!entry) throw new Error(`no such type in the mocks: ${type}`);
  return entry;
}
