/* FANN: derivatives are clipped away from 0, and errors of symmetric outputs are halved. */
#include <floatfann.h>
#include <fann_internal.h>
#include <math.h>
#include <stdio.h>

/* Three tanh outputs of one input; weights 0, so that z is the bias. Returns delta of the first; y is 0. */
static double output_delta(double z, float *mse) {
    struct fann *ann = fann_create_standard(2, 1, 3);
    fann_type x = 0, y[3] = {0, 0, 0};
    fann_set_train_error_function(ann, FANN_ERRORFUNC_LINEAR);
    fann_set_activation_function_output(ann, FANN_SIGMOID_SYMMETRIC);
    fann_set_activation_steepness_output(ann, 1);
    for (int i = 0; i < 3; i++) ann->weights[2 * i] = 0, ann->weights[2 * i + 1] = (fann_type)z;
    fann_run(ann, &x);
    fann_reset_MSE(ann);
    fann_compute_MSE(ann, y);
    *mse = fann_get_MSE(ann);
    double delta = -ann->train_errors[2]; /* after the input and its bias neuron */
    fann_destroy(ann);
    return delta;
}

int main(void) {
    float mse, ignored;
    double o = tanh(0.5), delta = output_delta(0.5, &mse), right = o * (1 - o * o);
    printf("tanh output %.6f for label 0: delta %.6f, right for half of the squared error: %.6f\n", o, delta, right);
    printf("MSE %.6f, right: the mean of (o - y)^2 = %.6f; half of their sum = %.6f\n", mse, o * o, 1.5 * o * o);
    double far = output_delta(6, &ignored), slope = 1 - pow(tanh(6), 2);
    printf("tanh'(6) as it is used: %.6g, right: %.6g\n", far / (0.5 * tanh(6)), slope);
    double sigmoid = fann_activation_derived(FANN_SIGMOID, 0.5f, 0.999999f, 13.8f);
    printf("sigmoid' at o = 0.999999 as it is used: %.6g, right: %.6g\n", sigmoid, 0.999999 * 1e-6);
    int halved = fabs(delta / right - 0.5) < 1e-5 && fabs(mse / (o * o) - 0.25) < 1e-5;
    return !(halved && far / slope > 100 && sigmoid > 0.009);
}
