{{/* The collector's pod, for the StatefulSet with SQLite and the Deployment with PostgreSQL. */}}
{{- define "lanner.collectorPod" -}}
{{- $labels := dict "root" . "component" "collector" -}}
metadata:
  labels:
    {{- include "lanner.componentLabels" $labels | nindent 4 }}
    {{- with .Values.collector.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ mustMergeOverwrite (include "lanner.collectorConfig" . | fromYaml) .Values.collector.config | toYaml | sha256sum }}
    {{- with .Values.collector.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "lanner.collector" . }}
  enableServiceLinks: false
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  priorityClassName: {{ .Values.collector.priorityClassName }}
  terminationGracePeriodSeconds: {{ .Values.collector.terminationGracePeriodSeconds }}
  {{- with .Values.collector.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.collector.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    {{- if .Values.collector.affinity }}
    {{- toYaml .Values.collector.affinity | nindent 4 }}
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels: {{- include "lanner.componentSelector" $labels | nindent 16 }}
    {{- end }}
  securityContext:
    runAsNonRoot: true
    {{- if not (include "lanner.isOpenShift" .) }}
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    {{- end }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: collector
      image: {{ include "lanner.image" (dict "root" . "image" .Values.collector.image) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [--config, /etc/lanner/config/collector.yaml]
      env:
        {{- with .Values.collector.store }}
        {{- if and (eq .kind "postgres") .postgres.existingSecret }}
        - name: PGPASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ .postgres.existingSecret }}
              key: {{ .postgres.passwordKey }}
        {{- end }}
        {{- end }}
        {{- with .Values.collector.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: api
          containerPort: 8470
        - name: link
          containerPort: 8471
      # A start that migrates a large store may take long.
      startupProbe:
        httpGet:
          path: /healthz
          port: api
          scheme: HTTPS
        periodSeconds: 5
        failureThreshold: 120
      livenessProbe:
        httpGet:
          path: /healthz
          port: api
          scheme: HTTPS
        periodSeconds: 10
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /readyz
          port: api
          scheme: HTTPS
        periodSeconds: 5
      resources: {{- toYaml .Values.collector.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: config
          mountPath: /etc/lanner/config
          readOnly: true
        - name: tls
          mountPath: /etc/lanner/tls
          readOnly: true
        - name: token
          mountPath: /etc/lanner/token
          readOnly: true
        - name: data
          mountPath: /var/lib/lanner
        {{- if .Values.collector.policy }}
        - name: policy
          mountPath: /etc/lanner/policy
          readOnly: true
        {{- end }}
        {{- if and .Values.collector.api.oidc.issuer .Values.collector.api.oidc.existingSecret }}
        - name: oidc
          mountPath: /etc/lanner/oidc
          readOnly: true
        {{- end }}
        {{- range $index, $secret := .Values.collector.secrets }}
        - name: secret-{{ $index }}
          mountPath: /etc/lanner/secrets/{{ $secret }}
          readOnly: true
        {{- end }}
        {{- with .Values.collector.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "lanner.collector" . }}
    - name: tls
      secret:
        secretName: {{ include "lanner.serverSecret" . }}
    - name: token
      secret:
        secretName: {{ .Values.collector.api.existingTokenSecret | default (printf "%s-token" (include "lanner.collector" .)) }}
    {{- if .Values.collector.policy }}
    - name: policy
      configMap:
        name: {{ include "lanner.collector" . }}-policy
    {{- end }}
    {{- with .Values.collector.api.oidc }}
    {{- if and .issuer .existingSecret }}
    - name: oidc
      secret:
        secretName: {{ .existingSecret }}
        items:
          - key: {{ .secretKey }}
            path: client-secret
    {{- end }}
    {{- end }}
    {{- range $index, $secret := .Values.collector.secrets }}
    - name: secret-{{ $index }}
      secret:
        secretName: {{ $secret }}
    {{- end }}
    {{- with .Values.collector.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if eq .Values.collector.store.kind "postgres" }}
    - name: data
      emptyDir:
        sizeLimit: 1Gi
    {{- end }}
{{- end -}}
