//! A simulated AWS and simulated Kubernetes API servers below the SDK and below `kube::Client`.
