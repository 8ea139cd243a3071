{{- define "lanner.serverSecret" -}}
{{- if eq .Values.tls.source "existingSecret" -}}
{{- required "tls.existingSecret names the Secret for tls.source existingSecret" .Values.tls.existingSecret -}}
{{- else -}}
{{- printf "%s-tls" (include "lanner.collector" .) -}}
{{- end -}}
{{- end -}}

{{/* Agents need the CA alone: a Secret without the collector's key. */}}
{{- define "lanner.caSecret" -}}
{{- if eq .Values.tls.source "existingSecret" -}}
{{- .Values.tls.existingSecret -}}
{{- else if eq .Values.tls.source "certmanager" -}}
{{- printf "%s-ca-bundle" (include "lanner.fullname" .) -}}
{{- else -}}
{{- printf "%s-ca" (include "lanner.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "lanner.falcoSecret" -}}
{{- .Values.falco.http.existingSecret | default (printf "%s-falco-tls" (include "lanner.agent" .)) -}}
{{- end -}}

{{- define "lanner.falcoClientSecret" -}}
{{- printf "%s-falco-client" (include "lanner.fullname" .) -}}
{{- end -}}

{{/* Every name under which a Service is called inside a cluster, as a JSON list. */}}
{{- define "lanner.serviceNames" -}}
{{- $names := list -}}
{{- range .services -}}
{{- $names = concat $names (list . (printf "%s.%s" . $.root.Release.Namespace) (printf "%s.%s.svc" . $.root.Release.Namespace) (printf "%s.%s.svc.cluster.local" . $.root.Release.Namespace)) -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}
