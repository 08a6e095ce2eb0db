# The tags of C++ exceptions and of longjmp. Objects that clang compiles refer to the tags but do not define them. Both
# carry an address.
	.tagtype	__cpp_exception i32
	.globl	__cpp_exception
__cpp_exception:

	.tagtype	__c_longjmp i32
	.globl	__c_longjmp
__c_longjmp:
