{{- define "medhub.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "medhub.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "medhub.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "medhub.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "medhub.selector" -}}
app.kubernetes.io/name: {{ include "medhub.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "medhub.labels" -}}
{{ include "medhub.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "medhub.image" -}}
{{- $image := .Values.image -}}
{{- $name := required "image.repository is required: where the cluster finds medhub's image" $image.repository -}}
{{- if $image.registry }}{{ $image.registry }}/{{ end }}{{ $name }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}

{{- define "medhub.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "medhub.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Everything of a pod that is the same for all parts: the restricted profile, accounts, image secrets. */ -}}
{{- define "medhub.podCommon" -}}
serviceAccountName: {{ include "medhub.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "medhub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "medhub.placement" -}}
{{- with .values.nodeSelector }}
nodeSelector:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
{{ toYaml . | indent 2 }}
{{- end }}
topologySpreadConstraints:
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
{{ include "medhub.selector" $ | indent 8 }}
{{- end }}
{{- end -}}

{{- define "medhub.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: monitor}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: monitor}
  periodSeconds: 10
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: monitor}
  periodSeconds: 5
  failureThreshold: 2
{{- end -}}

{{- define "medhub.commonMounts" -}}
- name: settings
  mountPath: /etc/medhub/settings
  readOnly: true
- name: scratch
  mountPath: /tmp
{{- if .root.Values.kafka.existingSecret }}
- name: kafka
  mountPath: /etc/medhub/kafka
  readOnly: true
{{- end }}
{{- end -}}

{{- define "medhub.commonVolumes" -}}
- name: settings
  configMap:
    name: {{ include "medhub.fullname" .root }}
- name: scratch
  emptyDir:
    sizeLimit: 256Mi
{{- if .root.Values.kafka.existingSecret }}
- name: kafka
  secret:
    secretName: {{ .root.Values.kafka.existingSecret | quote }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "medhub.databaseMount" -}}
{{- if .root.Values.store.existingSecret }}
- name: database
  mountPath: /etc/medhub/database
  readOnly: true
{{- end }}
{{- end -}}

{{- define "medhub.databaseVolume" -}}
{{- if .root.Values.store.existingSecret }}
- name: database
  secret:
    secretName: {{ .root.Values.store.existingSecret | quote }}
    defaultMode: 0440
{{- end }}
{{- end -}}
