// Command apiserver is Kubernetes' own kube-apiserver, unchanged, built from its Go module: the
// tests of test/kube run against the real thing and not against a copy of its behaviour.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
