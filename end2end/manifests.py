"""Checks deploy/kubernetes without a cluster: each kustomization is put together, every object is held against
Kubernetes' own schema, and what runs against Pod Security's "restricted" and Millrace's own settings.

Kubernetes' schemas come from kubernetes-validate; of what they do not know (custom resources, the API server's audit
policy) only the form is looked at. Ends with `N passed, N failed`.
"""

import copy
import re
import sys
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.34", "1.37")
UNKNOWN_KINDS = {"SecretProviderClass"}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def patched(target, operations):
    """A JSON patch (RFC 6902) with the operations that stand there, each at a place that is there."""
    result = copy.deepcopy(target)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        place = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if operation["op"] == "remove":
            del place[int(last) if isinstance(place, list) else last]
            continue
        if operation["op"] == "replace":
            place[int(last) if isinstance(place, list) else last]  # noqa: B018  it has to be there
        elif operation["op"] != "add":
            raise ValueError(f"this does not know the operation {operation['op']}")
        if isinstance(place, list) and last == "-":
            place.append(operation["value"])
        else:
            place[int(last) if isinstance(place, list) else last] = operation["value"]
    return result


def built(folder):
    """What `kubectl kustomize` would print."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    known = {"apiVersion", "kind", "namespace", "resources", "patches"}
    assert set(kustomization) <= known, f"{folder.name}: this does not know {set(kustomization) - known}"
    objects = []
    for resource in kustomization["resources"]:
        path = folder / resource
        objects += built(path) if path.is_dir() else documents(path)
    for patch in kustomization.get("patches", []):
        operations = yaml.safe_load((folder / patch["path"]).read_text() if "path" in patch else patch["patch"])
        wanted = (patch["target"]["kind"], patch["target"]["name"])
        hits = [at for at, one in enumerate(objects) if (one["kind"], one["metadata"]["name"]) == wanted]
        assert len(hits) == 1, f"{folder.name}: a patch of {wanted} fits {len(hits)} objects"
        objects[hits[0]] = patched(objects[hits[0]], operations)
    return objects


def of_kind(objects, kind):
    return [one for one in objects if one["kind"] == kind]


def fits_schema(objects):
    for one in objects:
        if one["kind"] not in UNKNOWN_KINDS:
            for version in VERSIONS:
                kubernetes_validate.validate(one, version, strict=True)


def pods(objects):
    return [one["spec"]["template"]["spec"] for one in of_kind(objects, "StatefulSet")]


def restricted(objects):
    """Pod Security Standards, profile "restricted", and a root that cannot be written."""
    assert pods(objects), "nothing runs"
    for pod in pods(objects):
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0
        assert security["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["automountServiceAccountToken"] is False
        assert not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))
        allowed = {"emptyDir", "secret", "configMap", "csi", "persistentVolumeClaim", "projected", "downwardAPI", "ephemeral"}
        for volume in pod["volumes"]:
            assert set(volume) - {"name"} <= allowed, volume
        for container in pod["containers"] + pod.get("initContainers", []):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert "privileged" not in security
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
    for namespace in of_kind(objects, "Namespace"):
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def hangs_together(objects):
    """Names that mean each other are the same, and every mount has its volume."""
    service, = of_kind(objects, "Service")
    ingress, = of_kind(objects, "Ingress")
    workload, = of_kind(objects, "StatefulSet")
    labels = workload["spec"]["template"]["metadata"]["labels"]
    chosen = [service["spec"]["selector"], workload["spec"]["selector"]["matchLabels"]]
    chosen += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(objects, "NetworkPolicy")]
    chosen += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget")]
    assert all(selector.items() <= labels.items() for selector in chosen)
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == service["metadata"]["name"]
    assert backend["port"]["name"] in [port["name"] for port in service["spec"]["ports"]]
    host = ingress["spec"]["rules"][0]["host"]
    assert [host] == ingress["spec"]["tls"][0]["hosts"]
    pod, = pods(objects)
    container, = pod["containers"]
    env = {one["name"]: one for one in container["env"]}
    assert env["MILLRACE_PUBLIC_URL"]["value"] == f"https://{host}"
    there = {volume["name"] for volume in pod["volumes"]}
    there |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) <= there and "/data" in mounts
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("StatefulSet", workload["metadata"]["name"])
        assert scaler["spec"]["minReplicas"] > 1
        assert "replicas" not in workload["spec"], "each apply would undo the scaler"
    if "serviceAccountName" in pod:
        assert pod["serviceAccountName"] in [one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount")]
    if workload["spec"].get("replicas") != 1:
        affinity = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/affinity"]
        assert affinity == "cookie", "an upload lies at one server"
        assert "MILLRACE_DATABASE_URL" in env, "several need one database"
        assert "MILLRACE_MASTER_KEY_FILE" in env, "several need one master key"


def is_millraces(objects):
    """Settings, ports, users and addresses are those of the program and its image."""
    settings = set(re.findall(r"MILLRACE_[A-Z_]+", (ROOT / "docs" / "configuration.md").read_text()))
    image = (ROOT / "Dockerfile").read_text()
    paths = (ROOT / "server" / "src" / "router.rs").read_text() + (ROOT / "server" / "src" / "status.rs").read_text()
    for pod in pods(objects):
        assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in image
        for container in pod["containers"]:
            for one in container["env"]:
                assert one["name"] in settings, f"there is no setting {one['name']}"
            assert f"EXPOSE {container['ports'][0]['containerPort']}" in image
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                path = container[probe]["httpGet"]["path"]
                assert f'"{path}"' in paths, f"nothing answers at {path}"
            # What is secret is never written there.
            for one in container["env"]:
                secret = one["name"] in ("MILLRACE_DATABASE_URL", "MILLRACE_REDIS_URL", "MILLRACE_MASTER_KEY")
                assert not secret or "secretKeyRef" in one.get("valueFrom", {}), one["name"]
        stopping = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] >= stopping + 15, "it is killed while it finishes"


def audit_policy(_):
    policy, = documents(FOLDER / "audit-policy.yaml")
    levels = ["None", "Metadata", "Request", "RequestResponse"]
    assert (policy["apiVersion"], policy["kind"]) == ("audit.k8s.io/v1", "Policy")
    resources = {}
    for rule in policy["rules"]:
        assert rule["level"] in levels and set(rule["namespaces"]) <= {"millrace", ""}
        for group in rule.get("resources", []):
            for resource in group["resources"]:
                resources.setdefault(resource, rule["level"])
    # The first rule that fits decides: what a Secret holds must not be written down by a later one.
    assert resources["secrets"] == "Metadata" and "secrets" in policy["rules"][0]["resources"][0]["resources"]
    assert resources["pods/exec"] != "None"


def spoilt(objects, change):
    objects = copy.deepcopy(objects)
    change(pods(objects)[0], objects)
    return objects


def refuses(check, change):
    """A check of checks: this one must not let that pass."""

    def run(objects):
        try:
            check(spoilt(objects, change))
        except Exception:
            return
        raise AssertionError(f"{check.__name__} let it pass")

    return run


def container(pod):
    return pod["containers"][0]


def cases():
    for name in ("alone", "replicas", "azure"):
        objects = built(FOLDER / name)
        for check in (fits_schema, restricted, hangs_together, is_millraces):
            yield f"{name}: {check.__name__}", check, objects
    alone = built(FOLDER / "alone")
    yield "the audit policy", audit_policy, alone
    spoil = {
        "a field that nobody knows": (fits_schema, lambda pod, _: pod.update(readOnly=True)),
        "a root that can be written": (restricted, lambda pod, _: container(pod)["securityContext"].pop("readOnlyRootFilesystem")),
        "a privilege": (restricted, lambda pod, _: container(pod)["securityContext"]["capabilities"].update(add=["NET_ADMIN"])),
        "a folder of the node": (restricted, lambda pod, _: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
        "a mount without a volume": (hangs_together, lambda pod, _: pod["volumes"].clear() or container(pod)["volumeMounts"].append({"name": "x", "mountPath": "/x"})),
        "a setting that is none": (is_millraces, lambda pod, _: container(pod)["env"].append({"name": "MILLRACE_COLOUR", "value": "red"})),
        "a password in the open": (is_millraces, lambda pod, _: container(pod)["env"].append({"name": "MILLRACE_DATABASE_URL", "value": "postgres://a:b@c/d"})),
        "another port": (is_millraces, lambda pod, _: container(pod)["ports"][0].update(containerPort=8080)),
    }
    for name, (check, change) in spoil.items():
        yield f"refused: {name}", refuses(check, change), alone


def main():
    failed = passed = 0
    for name, check, objects in cases():
        try:
            check(objects)
            passed += 1
            print(f"ok  {name}")
        except Exception as error:  # each is told, and the rest still looked at
            failed += 1
            print(f"not {name}: {type(error).__name__}: {error}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
