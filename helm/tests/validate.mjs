// Validates every object of a rendered chart (YAML on standard input) against the models of Kubernetes, and holds what the
// chart promises: the restricted profile on every pod, hooks too; probes, resources, no "latest", selectors that match.
// Prints one line for each thing that is wrong; exit code 1 if there was any.
import { readFileSync } from 'fs'
import path from 'path'
import { pathToFileURL } from 'url'

const packages = path.resolve(process.argv[2], 'node_modules')
const from = file => import(pathToFileURL(path.join(packages, file)).href)
const yaml = (await from('js-yaml/dist/js-yaml.mjs')).default
const wrong = []
const kinds = {
  'v1': 'kubernetes-models/v1/index.js', 'apps/v1': 'kubernetes-models/apps/v1/index.js', 'batch/v1': 'kubernetes-models/batch/v1/index.js',
  'policy/v1': 'kubernetes-models/policy/v1/index.js', 'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1/index.js',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/index.js',
}
const objects = yaml.loadAll(readFileSync(0, 'utf8')).filter(x => x)
const say = (object, text) => wrong.push(`${object.kind}/${object.metadata.name}: ${text}`)

for (const object of objects) {
  const group = kinds[object.apiVersion]
  if (!group) { say(object, `unknown API ${object.apiVersion}`); continue }
  const Model = (await from(group))[object.kind]
  if (!Model) { say(object, 'unknown kind'); continue }
  try { new Model(object).validate() } catch (error) { say(object, error.message) }
}

const podOf = object => ['StatefulSet', 'Deployment', 'Job'].includes(object.kind) ? object.spec.template : null
const covers = (selector, labels) => Object.entries(selector).every(([key, value]) => labels[key] === value)
const workloads = objects.filter(podOf)
for (const object of workloads) {
  const pod = podOf(object).spec, security = pod.securityContext || {}
  if (security.runAsNonRoot !== true || !(security.runAsUser > 0)) say(object, 'may run as root')
  if ((security.seccompProfile || {}).type !== 'RuntimeDefault') say(object, 'no seccomp profile')
  if (pod.automountServiceAccountToken !== false) say(object, 'mounts an account token')
  for (const container of [...pod.containers, ...(pod.initContainers || [])]) {
    const own = container.securityContext || {}
    if (own.allowPrivilegeEscalation !== false || own.readOnlyRootFilesystem !== true ||
        JSON.stringify((own.capabilities || {}).drop) !== '["ALL"]') say(object, `${container.name}: not restricted`)
    if (/:latest$/.test(container.image) || !/[:@]/.test(path.basename(container.image))) say(object, `image ${container.image}`)
    if (!container.resources.requests || !container.resources.limits.memory) say(object, `${container.name}: no resources`)
    if (object.kind !== 'Job')
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
        if (!container[probe]) say(object, `${container.name}: no ${probe}`)
    for (const variable of container.env || []) if (variable.valueFrom && variable.valueFrom.secretKeyRef) say(object, 'a secret in the environment')
    const volumes = new Set([...(pod.volumes || []), ...((object.spec.volumeClaimTemplates || []).map(x => x.metadata))].map(x => x.name))
    for (const mount of container.volumeMounts) if (!volumes.has(mount.name)) say(object, `no volume ${mount.name}`)
    for (const volume of volumes) if (!container.volumeMounts.some(x => x.name === volume)) say(object, `volume ${volume} is not mounted`)
  }
  if (object.kind !== 'Job' && !covers(object.spec.selector.matchLabels, podOf(object).metadata.labels)) say(object, 'selects other pods')
}
for (const object of objects) {
  const selector = object.kind === 'Service' ? object.spec.selector
    : object.kind === 'PodDisruptionBudget' ? object.spec.selector.matchLabels
      : object.kind === 'NetworkPolicy' ? object.spec.podSelector.matchLabels : null
  if (!selector) continue
  const chosen = workloads.filter(x => x.kind !== 'Job' && covers(selector, podOf(x).metadata.labels))
  if (chosen.length !== 1) say(object, `selects ${chosen.length} workloads`)
  if (object.kind === 'Service')
    for (const port of object.spec.ports)
      if (!chosen.every(x => podOf(x).spec.containers[0].ports.some(y => y.name === port.targetPort))) say(object, `no port ${port.targetPort}`)
}
for (const line of wrong) console.log(line)
process.exit(wrong.length ? 1 : 0)
