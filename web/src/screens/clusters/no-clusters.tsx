import { Empty } from "../../ui/states";

const READ_OFFLINE =
  "kubectl get nodes,pods,pdb,deployments,replicasets,statefulsets,daemonsets,jobs -A -o json > cluster.json && spot-optimizer report --file cluster.json";

/** What the first screens say before anything is connected. */
export function NoClusters() {
  return (
    <Empty icon="clusters" title="No cluster is connected yet" command={READ_OFFLINE}>
      A connected cluster shows here with its cost, its nodes and its plans. To see first what one would save, read it offline:
    </Empty>
  );
}
