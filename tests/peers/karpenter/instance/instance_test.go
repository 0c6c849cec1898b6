package instance

import (
	"reflect"
	"strings"
	"testing"
)

func TestARoomIsRoundedDownAndARequestUp(t *testing.T) {
	read, err := readPacking(strings.NewReader("1 2\n7730.9 13762.5 54 0.13158\n250.1 100.5 1 2\n1000 512 1 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Instance{
		Machines: []Machine{{
			Name: "type-0", CPUMilli: 7730, MemoryBytes: 13762*mib + mib/2, PodLimit: 54,
			Offers: []Offer{{Zone: anywhere, CapacityType: "on-demand", Price: 0.13158}},
		}},
		Pods: []Pod{
			{CPUMilli: 251, MemoryBytes: 100*mib + mib/2},
			{CPUMilli: 251, MemoryBytes: 100*mib + mib/2},
			{CPUMilli: 1000, MemoryBytes: 512 * mib},
		},
	}
	if !reflect.DeepEqual(read, want) {
		t.Errorf("read %+v", read)
	}
}

func TestAFileThatEndsEarlyIsRefused(t *testing.T) {
	for _, text := range []string{"", "1 1\n1 1 1 1\n", "1 1\n1 1 1\n1 1 1 1\n", "1 1\na b c d\n1 1 1 1\n"} {
		if _, err := readPacking(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestThePlannersInputKeepsItsConstraintsAndPrices(t *testing.T) {
	read, err := readExchange(strings.NewReader(`{
		"input": {
			"snapshot": {"pods": [{
				"requests": {"cpu_milli": 250, "memory_mib": 512, "pods": 1},
				"labels": {"app": "web"},
				"topology_spread": [{"max_skew": 1, "topology_key": "zone", "required": true,
					"selector": {"requirements": [{"key": "app", "operator": "In", "values": ["web"]}]}}],
				"affinity": [],
				"anti_affinity": [{"topology_key": "host", "namespaces": ["default"],
					"selector": {"requirements": []}}]
			}]},
			"market": {"offerings": [{"instance_type": "m6i.large", "zone": "a", "capacity_type": "spot",
				"price_per_hour": 31000000}]}
		},
		"allocatable": {"m6i.large": {"cpu_milli": 1930, "memory_mib": 6903, "pods": 29}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	machine := Machine{Name: "m6i.large", CPUMilli: 1930, MemoryBytes: 6903 * mib, PodLimit: 29,
		Offers: []Offer{{Zone: "a", CapacityType: "spot", Price: 0.031}}}
	if !reflect.DeepEqual(read.Machines, []Machine{machine}) {
		t.Errorf("machines %+v", read.Machines)
	}
	pod := read.Pods[0]
	spread, apart := pod.Spread[0], pod.AntiAffinity[0]
	if pod.CPUMilli != 250 || pod.MemoryBytes != 512*mib || pod.Labels["app"] != "web" ||
		spread.MaxSkew != 1 || spread.TopologyKey != "zone" || !spread.Required ||
		spread.Selector.Requirements[0].Operator != "In" || spread.Selector.Requirements[0].Values[0] != "web" ||
		len(pod.Affinity) != 0 || apart.TopologyKey != "host" || apart.Namespaces[0] != "default" {
		t.Errorf("pod %+v", pod)
	}
}
