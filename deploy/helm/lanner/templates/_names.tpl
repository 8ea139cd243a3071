{{- define "lanner.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* `lanner` for a release called lanner, else `release-lanner`; room is left for suffixes. */}}
{{- define "lanner.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "lanner.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "lanner.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lanner.agent" -}}{{ include "lanner.fullname" . }}-agent{{- end -}}
{{- define "lanner.collector" -}}{{ include "lanner.fullname" . }}-collector{{- end -}}
{{- define "lanner.link" -}}{{ include "lanner.fullname" . }}-link{{- end -}}

{{- define "lanner.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: lanner
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "lanner.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lanner.selector" -}}
app.kubernetes.io/name: {{ include "lanner.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of one of the two programs: (dict "root" $ "component" "agent") */}}
{{- define "lanner.componentLabels" -}}
{{ include "lanner.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "lanner.componentSelector" -}}
{{ include "lanner.selector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* An image reference: (dict "root" $ "image" .Values.agent.image) */}}
{{- define "lanner.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.image.registry -}}{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository -}}{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Host names of people's making under which the API is reached, as a JSON list. */}}
{{- define "lanner.apiHosts" -}}
{{- $hosts := .Values.collector.api.hosts -}}
{{- if .Values.collector.ingress.enabled -}}
{{- $hosts = append $hosts .Values.collector.ingress.host -}}
{{- end -}}
{{- $hosts | compact | uniq | toJson -}}
{{- end -}}

{{- define "lanner.publicUrl" -}}
{{- if .Values.collector.api.publicUrl -}}
{{- .Values.collector.api.publicUrl -}}
{{- else if .Values.collector.ingress.enabled -}}
{{- printf "https://%s" .Values.collector.ingress.host -}}
{{- end -}}
{{- end -}}

{{/* Not empty on OpenShift, which gives pods their user itself. */}}
{{- define "lanner.isOpenShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}true{{ end -}}
{{- end -}}
