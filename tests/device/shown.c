// SPDX-License-Identifier: MIT
/*
 * A driver of no card: what drivers show of themselves, as parameters and below /sys/kernel/debug,
 * for test-shown.c to see. Driver world: kernel headers only.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "shown.h"

struct shown_state shown;

/* --- parameters ------------------------------------------------------------------------------- */

module_param_named(plain, shown.plain, int, 0644);
module_param_named(hidden, shown.hidden, int, 0);
module_param_string(text, shown.text, sizeof(shown.text), 0444);

/* Whoever is in here is alone. */
static void stay(void)
{
	int n = __atomic_add_fetch(&shown.in_param, 1, __ATOMIC_SEQ_CST);

	if (n > shown.most_in_param)
		shown.most_in_param = n;
	if (shown.slow)
		usleep_range(200, 300);
	__atomic_sub_fetch(&shown.in_param, 1, __ATOMIC_SEQ_CST);
}

static int counted_set(const char *value, const struct kernel_param *param)
{
	stay();
	shown.sets++;
	return param_set_int(value, param);
}

static int counted_get(char *buffer, const struct kernel_param *param)
{
	stay();
	shown.gets++;
	return param_get_int(buffer, param);
}

static const struct kernel_param_ops counted_ops = {.set = counted_set, .get = counted_get};
module_param_cb(counted, &counted_ops, &shown.plain, 0644);
static const struct kernel_param_ops deaf_ops = {.get = counted_get};
module_param_cb(deaf, &deaf_ops, &shown.plain, 0644);
static const struct kernel_param_ops mute_ops = {.set = counted_set};
module_param_cb(mute, &mute_ops, &shown.plain, 0644);

/* --- debugfs ---------------------------------------------------------------------------------- */

static struct dentry *directory;
static u32 numbers[] = {1, 22, 333};
static struct debugfs_u32_array array = {numbers, 3};
static struct debugfs_blob_wrapper blob = {"bytes", 5};
static char *name = "a name";
static atomic_t counter = ATOMIC_INIT(-5);

static int simple_get(void *data, u64 *value)
{
	*value = *(int *)data;
	return 0;
}

static int simple_set(void *data, u64 value)
{
	if (shown.refuses)
		return shown.refuses;
	*(int *)data = (int)value;
	return 0;
}

DEFINE_SIMPLE_ATTRIBUTE(simple_operations, simple_get, simple_set, "%lld\n");

static int count_open(struct inode *inode, struct file *file)
{
	shown.opens++;
	return simple_open(inode, file);
}

static ssize_t count_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	const char *text = file->private_data;

	return simple_read_from_buffer(buffer, size, position, text, strlen(text));
}

static int count_release(struct inode *inode, struct file *file)
{
	shown.releases++;
	return 0;
}

static const struct file_operations own_operations = {
	.owner = THIS_MODULE,
	.open = count_open,
	.read = count_read,
	.release = count_release,
	.llseek = default_llseek,
};

static struct dentry *own;

int shown_again(void)
{
	return PTR_ERR_OR_ZERO(debugfs_create_file("own", 0644, directory, NULL, &own_operations));
}

int shown_below_nothing(void)
{
	struct dentry *nothing = debugfs_create_dir("a/b", directory);
	struct dentry *below = debugfs_create_file("x", 0644, nothing, NULL, &own_operations);

	debugfs_remove(nothing);
	return below == nothing ? (int)PTR_ERR(below) : 0;
}

int shown_remove_simple(void)
{
	struct dentry *found = debugfs_lookup("simple", directory);

	if (!found)
		return -ENOENT;
	debugfs_remove(found);
	dput(found);
	return debugfs_lookup("simple", directory) ? -EBUSY : 0;
}

void shown_remove_twice(void)
{
	debugfs_remove(own);
	debugfs_remove(own);
}

static void make_numbers(void)
{
	debugfs_create_u8("byte", 0644, directory, &shown.byte);
	debugfs_create_x32("word", 0444, directory, &shown.word);
	debugfs_create_u64("wide", 0200, directory, &shown.wide);
	debugfs_create_bool("flag", 0644, directory, &shown.flag);
	debugfs_create_atomic_t("counter", 0644, directory, &counter);
}

/* --- drivers without an id -------------------------------------------------------------------- */

static int shown_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	shown.probes++;
	shown.id_vendor = id->vendor;
	return shown.probe_result;
}

static void shown_remove(struct pci_dev *pdev)
{
	shown.removes++;
}

/* Each callback leaves its letter. */
static int say(const char *what)
{
	strlcat(shown.sleep, what, sizeof(shown.sleep));
	return shown.refuses_sleep == what[0] ? -EBUSY : 0;
}

#define SAYS(name, what)                    \
	static int name(struct device *dev) \
	{                                   \
		return say(what);           \
	}
SAYS(shown_prepare, "p")
SAYS(shown_suspend, "s")
SAYS(shown_late, "l")
SAYS(shown_noirq, "n")
SAYS(shown_resume_noirq, "N")
SAYS(shown_early, "L")
SAYS(shown_resume, "S")

static void shown_complete(struct device *dev)
{
	say("P");
}

static const struct dev_pm_ops shown_pm = {
	.prepare = shown_prepare,
	.suspend = shown_suspend,
	.suspend_late = shown_late,
	.suspend_noirq = shown_noirq,
	.resume_noirq = shown_resume_noirq,
	.resume_early = shown_early,
	.resume = shown_resume,
	.complete = shown_complete,
};

static int old_suspend(struct platform_device *pdev, pm_message_t state)
{
	return say(state.event == PM_EVENT_SUSPEND ? "o" : "?");
}

static int old_resume(struct platform_device *pdev)
{
	return say("O");
}

/* The card's second function, and only if it is kept for this driver. */
static const struct pci_device_id shown_ids[] = {
	{PCI_DEVICE(0x1de5, 0x0002), .override_only = 1},
	{},
};

static struct pci_driver shown_driver = {
	.name = "shown",
	.id_table = shown_ids,
	.driver.pm = &shown_pm,
	.probe = shown_probe,
	.remove = shown_remove,
};

static int shown_platform_probe(struct platform_device *pdev)
{
	shown.platform_probes++;
	return 0;
}

static struct platform_driver shown_platform_driver = {
	.probe = shown_platform_probe,
	.suspend = old_suspend,
	.resume = old_resume,
	.driver = {.name = "shown"},
};

static int __init shown_init(void)
{
	int error = pci_register_driver(&shown_driver);

	if (error)
		return error;
	error = platform_driver_register(&shown_platform_driver);
	if (error) {
		pci_unregister_driver(&shown_driver);
		return error;
	}
	directory = debugfs_create_dir("shown", NULL);
	own = debugfs_create_file("own", 0644, directory, shown.text, &own_operations);
	debugfs_create_file("simple", 0644, directory, &shown.simple, &simple_operations);
	debugfs_create_symlink("link", NULL, "/sys/kernel/debug/shown/own");
	make_numbers();
	debugfs_create_u32_array("array", 0444, directory, &array);
	debugfs_create_blob("blob", 0444, directory, &blob);
	debugfs_create_str("name", 0444, directory, &name);
	return 0;
}

static void __exit shown_exit(void)
{
	platform_driver_unregister(&shown_platform_driver);
	pci_unregister_driver(&shown_driver);
	debugfs_lookup_and_remove("link", NULL);
	if (!shown.leave_behind)
		debugfs_remove_recursive(directory);
}

module_init(shown_init);
module_exit(shown_exit);
MODULE_LICENSE("GPL");
