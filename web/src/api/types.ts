/** The API's shapes under the names the screens use. Only this file knows the schema's own names. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Tokens = Schemas["Tokens"];
export type User = Schemas["User"];
export type Cluster = Schemas["Cluster"];
export type ClusterState = Schemas["ClusterState"];
export type StateNode = Schemas["StateNode"];
export type StatePod = Schemas["StatePod"];
export type StateWorkload = Schemas["StateWorkload"];
export type WorkloadRef = Schemas["WorkloadRef"];
export type Finding = Schemas["Finding"];
export type Pool = Schemas["Pool"];
export type Position = Schemas["Position"];
export type Optimization = Schemas["OptimizationDetail"];
export type OptimizationSummary = Schemas["Optimization"];
export type PlanState = Schemas["PlanState"];
export type Command = Schemas["Command"];
export type Launch = Schemas["Launch"];
export type CommandRun = Schemas["CommandRun"];
export type Stay = Schemas["Stay"];
export type Dashboard = Schemas["Dashboard"];
export type SeriesPoint = Schemas["Point"];
export type Share = Schemas["Share"];
export type LedgerHour = Schemas["LedgerHour"];
export type Lever = keyof LedgerHour["levers"];
export type Quality = LedgerHour["quality"];
