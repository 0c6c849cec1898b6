import { Fragment, type ReactNode } from "react";
import { cpu, memory, percent } from "../lib/units";
import { CapacityMark } from "../ui/badge";
import { Amount, Time } from "../ui/value";
import type { Cursor } from "./map";
import { type Bin, type Block, used } from "./model";

/** What the cursor of a packing map stands on: a pod with its request and owner, or a node with its room. */
export function CursorDetail({ cursor, className = "" }: { cursor: Cursor | undefined; className?: string }) {
  return (
    <div aria-live="polite" className={`p-4 ${className}`}>
      {!cursor && <p className="text-muted">Point at a node or a pod, or focus the map and use the arrow keys.</p>}
      {cursor && (cursor.block ? <BlockDetail block={cursor.block} bin={cursor.bin} /> : <BinDetail bin={cursor.bin} />)}
    </div>
  );
}

function BlockDetail({ block, bin }: { block: Block; bin: Bin }) {
  return (
    <>
      <p className="font-semibold break-all">{block.pods > 1 ? `${block.pods} × ` : ""}{block.name}</p>
      <Facts>
        <Fact name="Requests">{cpu(block.cpu_milli)}, {memory(block.memory_mib)}</Fact>
        <Fact name="Owner">{block.workload ? `${block.workload.kind} ${block.workload.namespace}/${block.workload.name}` : "none: it would not come back"}</Fact>
        <Fact name="On"><Id>{bin.name}</Id></Fact>
        <Fact name="Can move?">{block.daemon ? "No: it belongs to its node." : block.stuck ? `No. ${block.stuck}` : "Yes"}</Fact>
      </Facts>
    </>
  );
}

function BinDetail({ bin }: { bin: Bin }) {
  const part = (taken: number, room: number) => (room > 0 ? percent(taken / room) : "–");
  return (
    <>
      <p className="font-semibold wrap-anywhere"><AtDots>{bin.name}</AtDots></p>
      <Facts>
        <Fact name="Pool">{bin.type} {bin.zone} <CapacityMark type={bin.capacity} /></Fact>
        {bin.price && <Fact name="Price"><Amount of={bin.price} per="h" /></Fact>}
        <Fact name="CPU">{cpu(used(bin, "cpu"))} of {cpu(bin.room.cpu_milli)} ({part(used(bin, "cpu"), bin.room.cpu_milli)})</Fact>
        <Fact name="Memory">{memory(used(bin, "memory"))} of {memory(bin.room.memory_mib)} ({part(used(bin, "memory"), bin.room.memory_mib)})</Fact>
        {bin.since && <Fact name="Made"><Time at={bin.since} /></Fact>}
        {bin.instance && <Fact name="Instance"><Id>{bin.instance}</Id></Fact>}
        {bin.blockedBy && <Fact name="Blocked by">{bin.blockedBy}</Fact>}
      </Facts>
    </>
  );
}

const Facts = ({ children }: { children: ReactNode }) => <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1">{children}</dl>;

const Id = ({ children }: { children: string }) => <code className="font-mono text-12 wrap-anywhere"><AtDots>{children}</AtDots></code>;

/** A name that is broken behind its dots, and elsewhere only where it must be. */
const AtDots = ({ children }: { children: string }) => children.split(/(?<=\.)/).map((part, at) => <Fragment key={at}>{part}<wbr /></Fragment>);

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <>
    <dt className="text-muted">{name}</dt>
    <dd className="break-words">{children}</dd>
  </>
);
