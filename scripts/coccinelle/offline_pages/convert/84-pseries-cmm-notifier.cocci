// SPDX-License-Identifier: GPL-2.0-only
///
/// A memory notifier that holds a mutex while memory goes offline may be told
/// that it was cancelled without having been told that it began.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
symbol hotplug_locked;
@@
 hotplug_locked = true

@occurs depends on !has@
identifier occurred;
expression lock;
@@
 mutex_lock(lock);
 occurred = 1;

@held@
identifier occurs.occurred;
@@
+/* From MEM_GOING_OFFLINE to the end of that. */
+static bool hotplug_locked;
 static int occurred;

@take depends on !has@
identifier f, nb, action, arg;
expression lock;
@@
 f(struct notifier_block *nb, unsigned long action, void *arg)
 {
 <+...
 	mutex_lock(lock);
+	hotplug_locked = true;
 ...+>
 }

@drop depends on !has@
identifier f, nb, action, arg;
expression lock;
@@
 f(struct notifier_block *nb, unsigned long action, void *arg)
 {
 <+...
+	if (!hotplug_locked)
+		break;
+	hotplug_locked = false;
 	mutex_unlock(lock);
 ...+>
 }
