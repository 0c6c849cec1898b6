package main

import (
	"context"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/samber/lo"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	karpenterfake "sigs.k8s.io/karpenter/pkg/cloudprovider/fake"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	requirements "sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/test"

	"spot-optimizer/tests/peers/karpenter/instance"
)

// What Karpenter made of an instance: USD an hour at the cheapest offering left to each NodeClaim, and
// CPU seconds of this process while it solved, garbage collection included.
type packed struct {
	cost       float64
	nodes      int
	cpuSeconds float64
}

// Set up as its own benchmark does: one NodePool without limits that bind, nothing running.
func solve(given instance.Instance) (packed, error) {
	ctx := options.ToContext(injection.WithControllerName(context.Background(), "provisioner"), test.Options())
	types := lo.Map(given.Machines, func(made instance.Machine, _ int) *cloudprovider.InstanceType { return instanceType(made) })
	pods := lo.Map(given.Pods, pending)
	pool := test.NodePool(v1.NodePool{Spec: v1.NodePoolSpec{Limits: v1.Limits{
		corev1.ResourceCPU:    resource.MustParse("10000000"),
		corev1.ResourceMemory: resource.MustParse("10000000Gi"),
	}}})
	provider := karpenterfake.NewCloudProvider()
	provider.InstanceTypes = types
	byPool := map[string][]*cloudprovider.InstanceType{pool.Name: types}
	client, now := fake.NewFakeClient(), &clock.RealClock{}
	cluster := state.NewCluster(now, client, provider)

	before := cpuSeconds()
	topology, err := scheduling.NewTopology(ctx, client, cluster, nil, []*v1.NodePool{pool}, byPool, pods,
		scheduling.NumConcurrentReconciles(5))
	if err != nil {
		return packed{}, err
	}
	results, err := scheduling.NewScheduler(ctx, client, []*v1.NodePool{pool}, cluster, nil, topology, byPool, nil,
		events.NewRecorder(&record.FakeRecorder{}), now, nil, nil,
		scheduling.NumConcurrentReconciles(5)).Solve(ctx, pods)
	if err != nil {
		return packed{}, err
	}
	result := packed{nodes: len(results.NewNodeClaims), cpuSeconds: cpuSeconds() - before}
	placed := 0
	for _, claim := range results.NewNodeClaims {
		price, err := cheapest(claim)
		if err != nil {
			return packed{}, err
		}
		result.cost += price
		placed += len(claim.Pods)
	}
	if placed != len(pods) || len(results.PodErrors) > 0 {
		return packed{}, fmt.Errorf("Karpenter left %d of %d pods out: %v",
			len(pods)-placed, len(pods), lo.Values(results.PodErrors)[:min(1, len(results.PodErrors))])
	}
	return result, nil
}

func cheapest(claim *scheduling.NodeClaim) (float64, error) {
	least := math.Inf(1)
	for _, left := range claim.InstanceTypeOptions {
		for _, sold := range left.Offerings.Available().Compatible(claim.Requirements) {
			least = min(least, sold.Price)
		}
	}
	if math.IsInf(least, 1) {
		return 0, fmt.Errorf("a NodeClaim is left without an offering")
	}
	return least, nil
}

func instanceType(made instance.Machine) *cloudprovider.InstanceType {
	offers := lo.Map(made.Offers, func(sold instance.Offer, _ int) cloudprovider.Offering {
		return cloudprovider.Offering{
			Available: true,
			Price:     sold.Price,
			Requirements: requirements.NewLabelRequirements(map[string]string{
				v1.CapacityTypeLabelKey:  sold.CapacityType,
				corev1.LabelTopologyZone: sold.Zone,
			}),
		}
	})
	kind := karpenterfake.NewInstanceType(made.Name,
		karpenterfake.WithResources(corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(made.CPUMilli, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(made.MemoryBytes, resource.BinarySI),
			corev1.ResourcePods:   *resource.NewQuantity(made.PodLimit, resource.DecimalSI),
		}),
		karpenterfake.WithOperatingSystems(string(corev1.Linux)),
		karpenterfake.WithOfferings(offers...))
	// Ours is what is left for pods already.
	kind.Overhead = &cloudprovider.InstanceTypeOverhead{}
	return kind
}

func pending(waits instance.Pod, at int) *corev1.Pod {
	return test.Pod(test.PodOptions{
		ObjectMeta: metav1.ObjectMeta{
			Name:      fmt.Sprintf("pod-%06d", at),
			Namespace: "default",
			Labels:    waits.Labels,
			UID:       types.UID(fmt.Sprint(at)),
		},
		TopologySpreadConstraints: lo.Map(waits.Spread, func(asked instance.Spread, _ int) corev1.TopologySpreadConstraint {
			return corev1.TopologySpreadConstraint{
				MaxSkew:     asked.MaxSkew,
				TopologyKey: asked.TopologyKey,
				WhenUnsatisfiable: lo.Ternary(asked.Required,
					corev1.DoNotSchedule, corev1.ScheduleAnyway),
				LabelSelector: labelSelector(asked.Selector),
			}
		}),
		PodRequirements:     lo.Map(waits.Affinity, affinityTerm),
		PodAntiRequirements: lo.Map(waits.AntiAffinity, affinityTerm),
		ResourceRequirements: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(waits.CPUMilli, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(waits.MemoryBytes, resource.BinarySI),
		}},
	})
}

func affinityTerm(asked instance.Term, _ int) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{
		TopologyKey:   asked.TopologyKey,
		Namespaces:    asked.Namespaces,
		LabelSelector: labelSelector(asked.Selector),
	}
}

func labelSelector(asked instance.Selector) *metav1.LabelSelector {
	made := &metav1.LabelSelector{}
	for _, row := range asked.Requirements {
		made.MatchExpressions = append(made.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: row.Key, Operator: metav1.LabelSelectorOperator(row.Operator), Values: row.Values,
		})
	}
	return made
}

// CPU seconds of all threads so far, of the system for them included.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return (time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds()
}
